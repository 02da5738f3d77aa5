/**
 * BIC (Xu, Harfoush and Rhee, "Binary Increase Congestion Control", INFOCOM 2004): after a loss the
 * window is looked for by halving the distance to the one at which the loss came, and beyond that by
 * ever larger steps. The original sosistab has it under this name.
 *
 * @module
 */
import type { AckSample } from "./congestion.ts";
import type { GrowthLaw } from "./loss_based.ts";

// Tuning. Values of the paper and of Linux, in segments and segments a round trip.

/** Multiplicative decrease; Linux has 819/1024. */
const BETA = 0.8;

/** Below this window it grows and shrinks as Reno does. */
const LOW_WINDOW = 14;
const RENO_BETA = 0.5;

/** Largest and smallest step. */
const MOST_STEP = 16;
const LEAST_STEP = 0.01;

/** What is left of the distance to the maximum after a round trip. */
const PART = 2;

/** The law. */
export class BicGrowth implements GrowthLaw {
  readonly name = "bic";
  /** Window before the last reduction. */
  #lastMaximum = Infinity;

  onLoss(window: number): number {
    // Fast convergence, as in CUBIC.
    this.#lastMaximum = window < this.#lastMaximum && this.#lastMaximum < Infinity
      ? window * (1 + BETA) / 2
      : window;
    return window * (window <= LOW_WINDOW ? RENO_BETA : BETA);
  }

  onAcked(window: number, { acked }: AckSample): number {
    return window + this.#step(window) * acked / window;
  }

  restart(): void {
    // It knows no time.
  }

  save(): () => void {
    const lastMaximum = this.#lastMaximum;
    return () => void (this.#lastMaximum = lastMaximum);
  }

  #step(window: number): number {
    if (window <= LOW_WINDOW) return 1;
    // Slow start may have ended without a loss.
    if (this.#lastMaximum === Infinity) return MOST_STEP;
    const distance = this.#lastMaximum - window;
    if (distance > 0) return Math.min(MOST_STEP, Math.max(LEAST_STEP, distance / PART));
    // Beyond the maximum: slowly at first, since the limit is near; then faster and faster.
    return Math.min(MOST_STEP, Math.max(LEAST_STEP * 100, -distance));
  }
}
