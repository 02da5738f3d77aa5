/**
 * What a reader bears that has refused segments: multiplicative decrease, and increase round by round.
 *
 * @module
 */
import type { AckSample } from "./congestion.ts";

// Tuning. A reader of the original is drained in bursts, so its rate is no fixed number; the values
// are those of an ordinary AIMD that is back at the old rate after five rounds.

const DECREASE = 0.8;
const INCREASE = 1.05;

/** Beyond so much of the path's rate the reader is no limit any more. */
const VOID = 1.25;

/** The least, packets a ms: a reader that takes nothing at all is another matter (`refusal.ts`). */
const LEAST = 0.05;

/** The rate of one reader, packets a ms. */
export class ReaderRate {
  #rate = Infinity;

  /** The rate that it bears; Infinity: more than the path. */
  get rate(): number {
    return this.#rate;
  }

  /**
   * A report has come.
   *
   * @param pathRate What the path takes.
   * @returns Whether segments were refused.
   */
  onAck(sample: AckSample, pathRate: number): boolean {
    if (sample.refused > 0) {
      this.#rate = Math.max(LEAST, DECREASE * Math.min(this.#rate, pathRate));
      return true;
    }
    if (sample.roundStart) {
      this.#rate *= INCREASE;
      if (this.#rate > VOID * pathRate) this.#rate = Infinity;
    }
    return false;
  }
}
