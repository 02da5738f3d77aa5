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

/** Round trips of one session. All times in ms. */
export class RttEstimator {
  #smoothed: number;
  #variance: number;
  #latest: number;
  #least = Infinity;

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

  /** The smallest sample so far; before the first one, the guess. */
  get least(): number {
    return this.known ? this.#least : this.#smoothed;
  }

  /** Adds a sample. */
  update(rtt: number): void {
    this.#latest = rtt;
    if (!this.known) {
      this.#smoothed = rtt;
      this.#variance = rtt / 2;
    } else {
      this.#variance += (Math.abs(rtt - this.#smoothed) - this.#variance) / 4;
      this.#smoothed += (rtt - this.#smoothed) / 8;
    }
    this.#least = Math.min(this.#least, rtt);
  }
}
