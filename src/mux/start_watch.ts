/**
 * Says when a controller that doubles its rate each round has reached what the path takes.
 *
 * Three signs: a queue, seen by round trips that stay raised; no growth of the measured rate for two
 * rounds; loss that grows with the rate. The first is the best one, since it comes before anything is
 * lost, and it proves that what was lost until then was lost by the path.
 *
 * @module
 */
import { ACK_DELAY } from "./ack_policy.ts";
import type { AckSample } from "./congestion.ts";

// Tuning. From a simulation of lossy paths, unless another reason is given.

/** Frames in a row with a raised round trip that are a queue, and what raised is. */
const QUEUE_FRAMES = 32;
const RAISED_PART = 1 / 8;
const RAISED_LEAST = ACK_DELAY + 2;

/** Growth of the rate in a round that is none: BBR has the same. */
const LEAST_GROWTH = 1.25;

/** Rounds without growth; short ones count less, since chance moves them. */
const MOST_FLAT = 2;
const SHORT_ROUND_FRAMES = 64;
const SHORT_ROUND = 0.34;

/** Rounds of suspect loss; one without growth makes the first one enough. */
const MOST_SUSPECT = 2;
const FLAT_BEFORE_SUSPECT = 1;

/** Why the start is over. */
export type StartEnd = "queue" | "stalled";

/** The watch over one start. Times in ms. */
export class StartWatch {
  #best = 0;
  #flatRounds = 0;
  #suspectRounds = 0;
  #raisedFrames = 0;

  /** Whether the rate has grown since the last round in which it did. */
  hasGrown(rate: number): boolean {
    return rate >= this.#best * LEAST_GROWTH;
  }

  /**
   * A round trip was measured, as so many frames were reported.
   *
   * @param least The round trip without a queue, and how much it varies.
   */
  onRtt(rtt: number, least: number, noise: number, frames: number): void {
    const isRaised = rtt > least + noise + Math.max(RAISED_LEAST, least * RAISED_PART);
    this.#raisedFrames = isRaised ? this.#raisedFrames + frames : 0;
  }

  /**
   * To be called on each report.
   *
   * @param rate The largest rate of late.
   * @param frames Frames of the round that has ended.
   * @param isSuspect Whether its loss has grown.
   */
  judge(
    sample: AckSample,
    rate: number,
    frames: number,
    isSuspect: boolean,
  ): StartEnd | undefined {
    if (sample.roundStart && !sample.appLimited) {
      if (this.hasGrown(rate)) {
        this.#best = rate;
        this.#flatRounds = 0;
      } else this.#flatRounds += frames < SHORT_ROUND_FRAMES ? SHORT_ROUND : 1;
    }
    if (this.#raisedFrames >= QUEUE_FRAMES) return "queue";
    if (this.#flatRounds >= MOST_FLAT) return "stalled";
    if (!isSuspect) return undefined;
    const isOver = this.#flatRounds >= FLAT_BEFORE_SUSPECT || ++this.#suspectRounds >= MOST_SUSPECT;
    return isOver ? "stalled" : undefined;
  }
}
