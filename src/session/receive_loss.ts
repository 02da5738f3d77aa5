/**
 * Measures how much of what the other side sends does not arrive.
 *
 * A frame is judged once, when the highest number has moved 64 past it: so reordering within 64
 * frames is no loss, and a duplicate changes nothing. The average goes over the last few hundred
 * frames.
 *
 * @module
 */
import { REPLAY_WINDOW, type ReplayWindow } from "./replay_window.ts";

// Tuning.

/** Frames that may overtake another before it counts as lost: 6 ms at 100 Mbit/s. */
const REORDERING_MARGIN = 64;

/** Frames averaged over: with 512 the standard deviation at 10 % loss is about 1 %. */
const SPAN = 512;

/** The loss of one direction. */
export class ReceiveLoss {
  #rate = 0;
  #judged = 0;
  #count = 0;

  /** 0 to 1. */
  get rate(): number {
    return this.#rate;
  }

  /** The loss as the wire writes it, 0 to 254. */
  get byte(): number {
    return Math.floor(254 * this.#rate);
  }

  /** A frame was accepted; `window` knows which. */
  onAccepted(window: ReplayWindow): void {
    const end = window.highest - REORDERING_MARGIN;
    // Of a jump only the part that the window remembers is judged, so the work is bounded by it.
    this.#judged = Math.max(this.#judged, end - REPLAY_WINDOW + REORDERING_MARGIN);
    for (; this.#judged < end; this.#judged++) {
      this.#count = Math.min(SPAN, this.#count + 1);
      const lost = window.has(this.#judged) ? 0 : 1;
      this.#rate += (lost - this.#rate) / this.#count;
    }
  }
}
