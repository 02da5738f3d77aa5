/**
 * A place where the parts of a connection leave their figures, for whoever wants to draw them.
 *
 * @module
 */
import { TimeSeries } from "./time_series.ts";

/** What a {@linkcode StatsGatherer} may be told at its birth. */
export interface StatsGathererOptions {
  /** Whether it records at all; `false` by default. */
  readonly active?: boolean;
  /** Points kept of each series; see {@linkcode TimeSeries}. */
  readonly maxLength?: number;
}

/**
 * Named time series. By default it records nothing and costs nothing; an active one records.
 *
 * Times are ms on the host's monotonic clock. The names are those that the library's own parts
 * use, and any that a program adds; there are as many series as names.
 *
 * ```ts
 * const stats = new StatsGatherer({ active: true });
 * stats.update("smooth_ping", 0.05, 0);
 * stats.increment("bytes_sent", 1200, 10);
 * for (const [name, series] of stats) {
 *   const line = `${name}: ${series.length} points, now ${series.latest?.value}`;
 * }
 * ```
 */
export class StatsGatherer implements Iterable<[name: string, series: TimeSeries]> {
  /** Whether anything is recorded. */
  readonly active: boolean;

  readonly #maxLength: number | undefined;
  readonly #series = new Map<string, TimeSeries>();

  /** Starts without a series. */
  constructor(options: StatsGathererOptions = {}) {
    this.active = options.active ?? false;
    this.#maxLength = options.maxLength;
  }

  /** Records the present value of something; see {@linkcode TimeSeries.push}. */
  update(name: string, value: number, now: number): void {
    if (this.active) this.#seriesOf(name).push(value, now);
  }

  /** Adds to a running total; see {@linkcode TimeSeries.increment}. */
  increment(name: string, delta: number, now: number): void {
    if (this.active) this.#seriesOf(name).increment(delta, now);
  }

  /** The last recorded value, or `undefined`. */
  last(name: string): number | undefined {
    return this.#series.get(name)?.latest?.value;
  }

  /** A copy of a series, or `undefined` when nothing was recorded under that name. */
  series(name: string): TimeSeries | undefined {
    return this.#series.get(name)?.after(-Infinity);
  }

  /** Each name with a copy of its series, in the order in which they came up. */
  *[Symbol.iterator](): Iterator<[name: string, series: TimeSeries]> {
    for (const [name, series] of this.#series) yield [name, series.after(-Infinity)];
  }

  #seriesOf(name: string): TimeSeries {
    const known = this.#series.get(name);
    if (known !== undefined) return known;
    const fresh = new TimeSeries(this.#maxLength);
    this.#series.set(name, fresh);
    return fresh;
  }
}
