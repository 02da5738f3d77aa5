/**
 * How long it takes from sending a frame to hearing that it arrived.
 *
 * It is the round trip, and what the other side waits until it sends something anyway. Of the frames
 * that a report is the first to cover the oldest counts: this is the time in which any loss can be
 * answered.
 *
 * @module
 */

// Tuning.

/** The weight of a new report: single ones are late by losses, and the way of repair hangs on it. */
const WEIGHT = 1 / 32;

/** Mean deviations above the mean that most reports stay below, and nearly all. */
const MOST_DEVIATIONS = 1;
const ALL_DEVIATIONS = 2.5;

/** The delay of one session's reports, in ms. */
export class ReportDelay {
  #mean = Infinity;
  #deviation = 0;
  #count = 0;

  /** The mean; `Infinity` before the first. */
  get mean(): number {
    return this.#mean;
  }

  /** What most reports take at the most; `Infinity` before the first. */
  get usual(): number {
    return this.#mean + MOST_DEVIATIONS * this.#deviation;
  }

  /** What nearly all reports take at the most; `Infinity` before the first. */
  get late(): number {
    return this.#mean + ALL_DEVIATIONS * this.#deviation;
  }

  /** A report has come. */
  onReport(delay: number): void {
    this.#count++;
    if (this.#count === 1) {
      this.#mean = delay;
      this.#deviation = delay / 4;
      return;
    }
    // The first reports weigh more, or the very first would be remembered for long.
    const weight = Math.max(WEIGHT, 1 / this.#count);
    this.#deviation += (Math.abs(delay - this.#mean) - this.#deviation) * weight;
    this.#mean += (delay - this.#mean) * weight;
  }
}
