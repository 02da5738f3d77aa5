/**
 * How long the path takes: smoothed, varying, latest and least round trip.
 *
 * The smoothing is that of RFC 9002, section 5. There is no ambiguity to guard against: every
 * transmission has a number of its own, retransmissions included, so each sample belongs to exactly
 * one of them.
 *
 * @module
 */

// Tuning.

/** Round trip assumed before the first sample, ms: RFC 9002, section 6.2.2. */
export const INITIAL_RTT = 333;

/** How long the least round trip counts, ms: once to twice as long. The route may become longer. */
const LEAST_WINDOW = 10_000;

/** Longest sample that counts, ms: beyond it is a machine that slept, and no path. */
const MOST_SAMPLE = 10_000;

/** Round trips of one session. All times in ms. */
export class RttEstimator {
  #smoothed: number;
  #variance: number;
  #latest: number;
  /** The least of this window and of the one before. */
  #least = Infinity;
  #leastBefore = Infinity;
  #windowEndsAt = -Infinity;
  #measuredAt = -Infinity;

  /** @param initial A first guess, for example what the handshake took. */
  constructor(initial: number = INITIAL_RTT) {
    this.#smoothed = initial;
    this.#variance = initial / 2;
    this.#latest = initial;
  }

  /** Whether anything has been measured yet. */
  get known(): boolean {
    return this.#least !== Infinity;
  }

  /** The smoothed round trip. */
  get smoothed(): number {
    return this.#smoothed;
  }

  /** The mean deviation from it. */
  get variance(): number {
    return this.#variance;
  }

  /** The last sample. */
  get latest(): number {
    return this.#latest;
  }

  /** When it came. */
  get measuredAt(): number {
    return this.#measuredAt;
  }

  /** The smallest sample of the last 10 to 20 s in which there were any; at first, the guess. */
  get least(): number {
    return this.known ? Math.min(this.#least, this.#leastBefore) : this.#smoothed;
  }

  /** Adds a sample; one that no path can have made is passed over. */
  update(rtt: number, now: number): void {
    if (rtt > MOST_SAMPLE) return;
    this.#latest = rtt;
    this.#measuredAt = now;
    if (!this.known) {
      this.#smoothed = rtt;
      this.#variance = rtt / 2;
    } else {
      this.#variance += (Math.abs(rtt - this.#smoothed) - this.#variance) / 4;
      this.#smoothed += (rtt - this.#smoothed) / 8;
    }
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + LEAST_WINDOW;
      this.#leastBefore = this.#least;
      this.#least = rtt;
    } else this.#least = Math.min(this.#least, rtt);
  }
}
