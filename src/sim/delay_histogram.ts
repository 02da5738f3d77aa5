/**
 * How long things took: enough to print percentiles, in bounded memory.
 *
 * @module
 */

// Tuning.

/** Width of a bin, ms: finer than any figure that is printed. */
const BIN = 0.1;

/** Bins at most: the last one holds everything above a minute. */
const MOST_BINS = 600_000;

/** A histogram of times. */
export class DelayHistogram {
  readonly #bins: number[] = [];
  #count = 0;
  #sum = 0;

  /** How many were added. */
  get count(): number {
    return this.#count;
  }

  /** Their mean, ms; 0 when there are none. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** Adds a time, ms. */
  add(time: number): void {
    const bin = Math.min(MOST_BINS - 1, Math.floor(time / BIN));
    while (this.#bins.length <= bin) this.#bins.push(0);
    this.#bins[bin]!++;
    this.#count++;
    this.#sum += time;
  }

  /**
   * The time that a share of all times does not exceed, ms, rounded up to a tenth; 0 when there are
   * none.
   *
   * @param share 0 to 1: 0.5 is the median.
   */
  percentile(share: number): number {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`share must be 0 to 1, got ${share}`);
    let rest = share * this.#count;
    if (this.#count === 0) return 0;
    for (const [bin, count] of this.#bins.entries()) {
      rest -= count;
      if (rest <= 0 && count > 0) return (bin + 1) / 10;
    }
    return this.#bins.length / 10;
  }

  /** Forgets all. */
  reset(): void {
    this.#bins.length = 0;
    this.#count = 0;
    this.#sum = 0;
  }
}
