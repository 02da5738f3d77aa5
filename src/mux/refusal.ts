/**
 * Tells a full reader from a bad path.
 *
 * A segment that the reader over there has no room for looks like a lost one; but the frame that
 * carried it has arrived, and the other side's counters do not miss it. One such loss may still be
 * bad luck: the counters tell how many frames are missing, and not which. A row of them that chance
 * alone would hardly make is a refusal.
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

  /** A segment was found lost that the counters do not miss, on a path with that loss rate, 0 to 1. */
  onLost(lossRate: number): void {
    this.#row++;
    this.#chance *= Math.max(LEAST_LOSS_RATE, Math.min(MOST_LOSS_RATE, lossRate));
  }

  /** A segment was acknowledged, or the reader says that it has room. */
  onRoom(): void {
    this.#row = 0;
    this.#chance = 1;
  }
}
