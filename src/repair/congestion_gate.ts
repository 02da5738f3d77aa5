/**
 * Keeps parity from feeding a full link.
 *
 * Loss of a bad path asks for parity; loss at a queue that we fill ourselves asks for less of
 * everything, and parity makes it worse: unchecked, the two drive each other up to the cap. Two
 * tests tell them apart: a standing queue shows in the delay of reports, and what is lost then is
 * not held against the path; queues too short for that show in trials.
 *
 * A little parity is always allowed: it can do no harm worth the name.
 *
 * @module
 */
import { type LossNow, ParityTrials } from "./parity_trials.ts";
import { StandingQueue } from "./standing_queue.ts";

// Tuning. The figures were found in simulations of overfilled, policed and lossy links.

/** Part of all frames that parity may always have: it raises the loss of a full link by 2 points. */
export const HARMLESS = 0.03;

/** One cut, and how long its effect takes to show beyond a report's delay, ms. */
const CUT = 0.7;
const SETTLING = 100;
const LEAST_FACTOR = 0.05;

/** Growth in a second: back to full in about three. */
const GROWTH = 0.7;

/** Growth is for so long at the most, ms, when no report has come. */
const MOST_ELAPSED = 500;

/** What stands in the way of parity, if anything does. */
export type GateState = "open" | "queue" | "own loss";

/** The gate of one session. Times in ms; levels are parity frames for each data frame. */
export class CongestionGate {
  readonly #queue = new StandingQueue();
  readonly #trials = new ParityTrials();
  #factor = 1;
  #changedAt: number;
  #cutAt = -Infinity;

  /** A gate that is open. */
  constructor(now: number) {
    this.#changedAt = now;
  }

  /** Whether a queue stands now: what is lost is not the path's. */
  get isQueued(): boolean {
    return this.#queue.isStanding;
  }

  /** Trials that showed the loss to be our own. */
  get failed(): number {
    return this.#trials.failed;
  }

  /** What stands in the way. */
  state(now: number): GateState {
    if (this.#trials.isBarred(now)) return "own loss";
    return this.#factor < 1 ? "queue" : "open";
  }

  /**
   * A report has come, so long after the newest frame in it was sent.
   *
   * @param spacing How long after the one before that frame was sent.
   */
  onDelay(delay: number, spacing: number, now: number): void {
    if (!this.#queue.onDelay(delay, spacing, now)) return;
    const elapsed = Math.min(MOST_ELAPSED, now - this.#changedAt);
    this.#changedAt = now;
    if (!this.#queue.isStanding) {
      const grown = Math.max(this.#factor, LEAST_FACTOR) * (1 + GROWTH * elapsed / 1000);
      this.#factor = Math.min(1, grown);
    } else if (now - this.#cutAt > this.#queue.delay + SETTLING) {
      this.#factor = this.#factor < LEAST_FACTOR ? 0 : this.#factor * CUT;
      this.#cutAt = now;
    }
  }

  /**
   * Frames have settled.
   *
   * @param sentAt When the newest of them was sent.
   * @returns Whether what was measured lately turns out to be our own doing.
   */
  onSettled(frames: number, lost: number, sentAt: number, now: number): boolean {
    return this.#trials.onSettled(frames, lost, sentAt, this.#queue.delay, now);
  }

  /**
   * How much parity is allowed.
   *
   * @param wanted The level that the loss asks for.
   * @param loss The loss that asks for it.
   */
  allow(wanted: number, loss: LossNow, now: number): number {
    const level = wanted * this.#factor;
    if (level <= HARMLESS) return Math.min(wanted, HARMLESS);
    if (this.#trials.isBarred(now)) return HARMLESS;
    return this.#trials.allow(level, loss, this.#queue.delay, now);
  }
}
