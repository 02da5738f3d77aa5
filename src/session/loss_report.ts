/**
 * What the loss byte says to the other side.
 *
 * Our own kind is told the loss as it is. A sender of the original turns the byte into parity by a
 * rule that knows no bursts; it is told what makes it send the parity that is needed
 * (`fec/effective_loss.ts`). For that its runs must be known: they go on while a frame comes within
 * 20 ms of the one before, up to 16 frames.
 *
 * A full queue loses in bursts too, and parity would feed it: so the byte is at most twice the loss.
 *
 * @module
 */
import { lossByteForOriginal } from "../fec/effective_loss.ts";
import type { ReceiveLoss } from "./receive_loss.ts";

// Protocol constants: the original's runs, and the largest loss.

const MOST_DATA = 16;
const RUN_GAP = 20;
const LARGEST_BYTE = 254;

// Tuning.

/** What may stay lost: half a percent is hardly heard in a call. */
const TARGET_LOSS = 0.005;

/** How often the factor is made anew, ms: it costs some hundred binomials. */
const INTERVAL = 100;

/** Bounds of the factor: never less than the truth, and no more than a full link can bear. */
const LEAST_FACTOR = 1;
const MOST_FACTOR = 2;

/** The loss byte of one session. Times in ms. */
export class LossReport {
  #factor = 1;
  #madeAt: number | undefined;
  #total = 0;

  /**
   * The byte to send now.
   *
   * @param total Frames received so far.
   */
  byte(loss: ReceiveLoss, isOwnKind: boolean, total: number, now: number): number {
    const raw = loss.byte;
    if (isOwnKind || raw === 0) return raw;
    const elapsed = now - (this.#madeAt ?? now - INTERVAL);
    if (elapsed >= INTERVAL) {
      const sent = (total - this.#total) / Math.max(0.01, 1 - loss.rate);
      const dataCount = elapsed < RUN_GAP * sent ? MOST_DATA : 1;
      this.#madeAt = now;
      this.#total = total;
      const { rate, stickiness } = loss;
      const wanted = lossByteForOriginal(rate, stickiness, dataCount, TARGET_LOSS);
      this.#factor = Math.min(MOST_FACTOR, Math.max(LEAST_FACTOR, wanted / raw));
    }
    return Math.min(LARGEST_BYTE, Math.round(raw * this.#factor));
  }
}
