/**
 * CUBIC (RFC 9438): the window grows with the cube of the time since the last loss, fast while far
 * from the window at which the loss came, slow near it, fast again beyond.
 *
 * @module
 */
import { cubeRoot } from "../deterministic_math.ts";
import type { AckSample } from "./congestion.ts";
import type { GrowthLaw } from "./loss_based.ts";

// Tuning.

/** Scale of the cubic and multiplicative decrease: RFC 9438, section 4. */
const C = 0.4;
const BETA = 0.7;

/** Additive increase that equals Reno's share: RFC 9438, section 4.3. */
const ALPHA = 3 * (1 - BETA) / (1 + BETA);

/** Most growth of a round trip: RFC 9438, section 4.4. */
const MOST_GROWTH = 1.5;

/** The law. */
export class CubicGrowth implements GrowthLaw {
  readonly name = "cubic";
  /** Window before the last reduction. */
  #lastMaximum = 0;
  /** When growth began anew, the window then, and how long until it is back at the maximum. */
  #epochAt = -1;
  #timeToMaximum = 0;
  #renoWindow = 0;

  onLoss(window: number): number {
    // Fast convergence: who loses below the old maximum has a new neighbour and makes room.
    this.#lastMaximum = window < this.#lastMaximum ? window * (1 + BETA) / 2 : window;
    return window * BETA;
  }

  onAcked(window: number, { now, acked, leastRtt }: AckSample): number {
    if (this.#epochAt < 0) {
      this.#epochAt = now;
      this.#timeToMaximum = cubeRoot(Math.max(0, this.#lastMaximum - window) / C);
      this.#renoWindow = window;
      // Slow start may have ended above any window that ever saw a loss.
      this.#lastMaximum = Math.max(this.#lastMaximum, window);
    }
    const seconds = (now - this.#epochAt + leastRtt) / 1000;
    const beyond = seconds - this.#timeToMaximum;
    const cubic = this.#lastMaximum + C * beyond * beyond * beyond;
    this.#renoWindow += ALPHA * acked / window;
    const target = Math.min(MOST_GROWTH * window, Math.max(cubic, window));
    return Math.max(window + (target - window) * acked / window, this.#renoWindow);
  }

  restart(): void {
    this.#epochAt = -1;
  }

  save(): () => void {
    const lastMaximum = this.#lastMaximum;
    return () => void (this.#lastMaximum = lastMaximum);
  }
}
