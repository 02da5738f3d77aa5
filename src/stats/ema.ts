/**
 * A moving average that forgets slowly, with its spread.
 *
 * For each point x, with d = x - mean:
 *
 *     mean     += alpha d
 *     variance  = (1 - alpha) (variance + alpha d^2)
 *
 * The law, and how it begins, are those of sosistab's class of the same name; the recurrence is
 * that of T. Finch, "Incremental calculation of weighted mean and variance", 2009.
 *
 * @module
 */
import { normalQuantile } from "./normal_quantile.ts";

/**
 * An exponentially weighted moving mean and variance.
 *
 * ```ts
 * const ping = new EmaCalculator(0.1);
 * for (const sample of [50, 52, 47, 90, 51]) ping.update(sample);
 * const usual = ping.mean;
 * const seldomMore = ping.percentile(0.99);
 * ```
 */
export class EmaCalculator {
  readonly #alpha: number;
  #mean: number;
  #variance: number;
  #empty: boolean;

  /**
   * Starts from an estimate, or from nothing.
   *
   * @param alpha The weight of a new point, above 0 and at most 1: near 0 for a long memory.
   * @param initialMean A first estimate; the variance then starts at its square, so it gives way
   * soon. Without one the first point becomes the mean.
   */
  constructor(alpha: number, initialMean?: number) {
    if (!(alpha > 0 && alpha <= 1)) {
      throw new RangeError(`alpha must be above 0 and at most 1, got ${alpha}`);
    }
    this.#alpha = alpha;
    this.#mean = initialMean ?? 0;
    this.#variance = this.#mean * this.#mean;
    this.#empty = initialMean === undefined;
  }

  /** The mean; 0 before the first point when there was no estimate. */
  get mean(): number {
    return this.#mean;
  }

  /** The variance, in squared units of the points. */
  get variance(): number {
    return this.#variance;
  }

  /** Takes in a point. */
  update(point: number): void {
    if (this.#empty) {
      this.#empty = false;
      this.#mean = point;
    }
    const distance = point - this.#mean;
    this.#mean += this.#alpha * distance;
    this.#variance = (1 - this.#alpha) *
      (this.#variance + this.#alpha * distance * distance);
  }

  /**
   * The value that the given fraction of points lies below, if they are spread normally: a rough
   * figure.
   *
   * @param fraction From 0 to 1; the ends give -Infinity and Infinity, unless the variance is 0.
   */
  percentile(fraction: number): number {
    const quantile = normalQuantile(fraction);
    return this.#variance > 0 ? this.#mean + quantile * Math.sqrt(this.#variance) : this.#mean;
  }
}
