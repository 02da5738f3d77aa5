/**
 * What the path takes: the largest rate that was measured in the last ten rounds.
 *
 * A rate sample is how many segments passed the bottleneck in a time, those included that were lost
 * behind it: only loss beyond the path's own is taken off, since it may have been lost before. While
 * starting, the path's own loss is not known yet, and what arrived is counted instead.
 *
 * @module
 */
import type { AckSample } from "./congestion.ts";
import { MaxFilter } from "./max_filter.ts";

// Tuning.

/** Rounds that a measured rate counts: BBR has the same. */
const ROUNDS = 10;

/** Segments of a sample at the least, and ms: within one process a path takes no time at all. */
const LEAST_SEGMENTS = 4;
const LEAST_TIME = 0.1;

/**
 * Loss beyond the path's own up to this much is no loss of rate: the floor is an average. With half
 * of it, two flows that had learnt floors half a point apart shared less evenly.
 */
const TOLERANCE = 0.01;

/** While starting, a floor up to this much is taken for the path's own: found by simulation. */
const START_LOSS = 0.1;

/** The rate of one path, segments a ms. */
export class PathRate {
  readonly #rates = new MaxFilter(ROUNDS);

  /** The largest of late; 0 before the first. */
  get largest(): number {
    return this.#rates.largest;
  }

  /** The largest since a round. */
  largestSince(round: number): number {
    return this.#rates.largestSince(round);
  }

  /** Forgets what is older than this round, but for the newest. */
  forgetBefore(round: number): void {
    this.#rates.forgetBefore(round);
  }

  /**
   * Measures.
   *
   * @param floor What the path itself loses, 0 to 1.
   */
  measure(sample: AckSample, floor: number, isStarting: boolean): void {
    const { segments, arrived } = sample;
    if (!sample.rateIsValid || segments < LEAST_SEGMENTS) return;
    const interval = Math.max(LEAST_TIME, sample.interval);
    let rate: number;
    if (isStarting) rate = arrived / interval / (1 - Math.min(START_LOSS, floor));
    else {
      const most = floor + TOLERANCE;
      const loss = Math.max(0, 1 - arrived / segments);
      rate = segments / interval * (loss > most ? (1 - loss) / (1 - most) : 1);
    }
    // Who had nothing to send says only that the path takes at least so much.
    if (!sample.appLimited || rate > this.largest) this.#rates.add(sample.round, rate);
  }

  /** The start has proven that all of the floor is the path's own: the rate was higher. */
  onFloorProven(floor: number, round: number): void {
    const part = (1 - Math.min(START_LOSS, floor)) / (1 - floor);
    this.#rates.add(round, this.largest * part);
  }
}
