/**
 * Tells a full reader from a bad path.
 *
 * A segment that the reader over there has no room for looks like a lost one. But a path that loses
 * segment after segment of one stream loses other frames too, and the other side's counters tell how
 * many. So a row of losses that chance alone would hardly make is a refusal.
 *
 * @module
 */

// Tuning.

/** Shortest row, and least chance of it, that is still taken for bad luck. */
const LEAST_ROW = 8;
const LEAST_CHANCE = 1e-3;

/** Loss rates between which the chance is reckoned: the measured one may be 0, or late. */
const LEAST_LOSS_RATE = 0.02;
const MOST_LOSS_RATE = 0.9;

/** The row of losses of one stream. */
export class RefusalDetector {
  #row = 0;
  #chance = 1;

  /** Whether the reader over there is taken to be full. */
  get isRefused(): boolean {
    return this.#row >= LEAST_ROW && this.#chance < LEAST_CHANCE;
  }

  /** A segment was found lost on a path with that loss rate, 0 to 1. */
  onLost(lossRate: number): void {
    this.#row++;
    this.#chance *= Math.max(LEAST_LOSS_RATE, Math.min(MOST_LOSS_RATE, lossRate));
  }

  /** A segment was acknowledged. */
  onAcked(): void {
    this.#row = 0;
    this.#chance = 1;
  }
}
