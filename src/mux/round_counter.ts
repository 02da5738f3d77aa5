/**
 * Counts round trips: one has passed when a frame is reported that left after the last one began.
 *
 * @module
 */

// Tuning.

/** Shortest round, ms: timers and held acknowledgements are that coarse. */
const LEAST_ROUND = 10;

/** The rounds of one session. Times in ms. */
export class RoundCounter {
  #number = 0;
  #endsAt = 0;
  #startedAt: number;

  constructor(now: number) {
    this.#startedAt = now;
  }

  /** How many rounds have passed. */
  get number(): number {
    return this.#number;
  }

  /**
   * A frame was reported.
   *
   * @param newest The newest frame that has been sent.
   * @returns Whether a round has ended by it.
   */
  onReported(frame: number, newest: number, now: number): boolean {
    if (frame < this.#endsAt || now - this.#startedAt < LEAST_ROUND) return false;
    this.#number++;
    this.#startedAt = now;
    this.#endsAt = newest + 1;
    return true;
  }
}
