/**
 * Values over time, in bounded memory: when it is full, every second point goes.
 *
 * So a series of any age has its whole past, the older the coarser. The rules are those of
 * sosistab's class of the same name.
 *
 * @module
 */

// Tuning.

/** Points closer than this to the last one do not get a place of their own, ms. As in sosistab. */
const LEAST_DISTANCE = 5;

/** Points kept when nobody says otherwise. As in sosistab's statistics gatherer. */
const DEFAULT_MAX_LENGTH = 10_000;

/** One point of a {@linkcode TimeSeries}. */
export interface TimePoint {
  /** When, ms on the clock of whoever wrote the series. */
  readonly time: number;
  /** How much. */
  readonly value: number;
}

/**
 * A bounded sequence of values, each with its time.
 *
 * Times are ms, on any one clock that does not go back.
 *
 * ```ts
 * const received = new TimeSeries();
 * received.increment(1200, 0);
 * received.increment(1200, 10);
 * const lines = Array.from(received, ({ time, value }) => `${time} ms: ${value} bytes`);
 * ```
 */
export class TimeSeries implements Iterable<TimePoint> {
  readonly #maxLength: number;
  // In order of time. The two arrays are of equal length.
  readonly #times: number[] = [];
  readonly #values: number[] = [];

  /**
   * Starts without a point.
   *
   * @param maxLength How many points make the series too long, at least 2; 10,000 by default. It
   * then loses every second one, but for the newest.
   */
  constructor(maxLength: number = DEFAULT_MAX_LENGTH) {
    if (!(maxLength >= 2)) {
      throw new RangeError(`maxLength must be at least 2, got ${maxLength}`);
    }
    this.#maxLength = maxLength;
  }

  /** Number of points, always below the `maxLength` of the constructor. */
  get length(): number {
    return this.#times.length;
  }

  /** The first point that is left, or `undefined`. */
  get earliest(): TimePoint | undefined {
    return this.#at(0);
  }

  /** The last point, or `undefined`. */
  get latest(): TimePoint | undefined {
    return this.#at(this.length - 1);
  }

  /** Adds a point. It is dropped when the last one is less than 5 ms old. */
  push(value: number, now: number): void {
    if (!this.#isNearLast(now)) this.#append(value, now);
  }

  /**
   * Adds a point that is `delta` above the last one, or above 0. When the last one is less than
   * 5 ms old it is raised instead.
   */
  increment(delta: number, now: number): void {
    const last = this.latest?.value ?? 0;
    if (this.#isNearLast(now)) this.#values[this.length - 1] = last + delta;
    else this.#append(last + delta, now);
  }

  /**
   * The value at a time: the larger one of the points before and after it, where a missing point
   * counts as 0. A point at exactly that time is both.
   */
  get(time: number): number {
    const next = this.#firstNotBefore(time);
    const before = this.#times[next] === time ? next : next - 1;
    return Math.max(this.#values[before] ?? 0, this.#values[next] ?? 0);
  }

  /** A copy that holds the points later than `time` alone. */
  after(time: number): TimeSeries {
    let from = this.#firstNotBefore(time);
    if (this.#times[from] === time) from++;
    const rest = new TimeSeries(this.#maxLength);
    for (let i = from; i < this.length; i++) {
      rest.#times.push(this.#times[i]!);
      rest.#values.push(this.#values[i]!);
    }
    return rest;
  }

  /** The points in order of time. The series must not change in between. */
  *[Symbol.iterator](): Iterator<TimePoint> {
    for (let i = 0; i < this.length; i++) {
      yield { time: this.#times[i]!, value: this.#values[i]! };
    }
  }

  #at(index: number): TimePoint | undefined {
    const time = this.#times[index];
    const value = this.#values[index];
    return time === undefined || value === undefined ? undefined : { time, value };
  }

  #isNearLast(now: number): boolean {
    const last = this.#times[this.length - 1];
    return last !== undefined && now - last < LEAST_DISTANCE;
  }

  #append(value: number, now: number): void {
    this.#times.push(now);
    this.#values.push(value);
    if (this.length >= this.#maxLength) this.#decimate();
  }

  /**
   * Drops every second point. The newest always stays: the next increment builds on it. (The
   * original drops the first, third, fifth, which is the same for an even number.)
   */
  #decimate(): void {
    const first = (this.length - 1) & 1;
    const kept = (this.length + 1) >> 1;
    for (let i = 0; i < kept; i++) {
      this.#times[i] = this.#times[first + 2 * i]!;
      this.#values[i] = this.#values[first + 2 * i]!;
    }
    this.#times.length = kept;
    this.#values.length = kept;
  }

  /** The place of the first point at or after `time`; `length` when there is none. */
  #firstNotBefore(time: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
