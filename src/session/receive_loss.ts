/**
 * Measures how much of what the other side sends does not arrive.
 *
 * A frame is judged once, when the highest number has moved 64 past it: so reordering within 64
 * frames is no loss, and a duplicate changes nothing. A frame that was rebuilt from parity is a loss
 * all the same: the other side would send no more parity if it heard of none. The average goes over
 * the last few hundred frames.
 *
 * @module
 */

// Tuning.

/** Frames that may overtake another before it counts as lost: 6 ms at 100 Mbit/s. */
const REORDERING_MARGIN = 64;

/** Frames averaged over: with 512 the standard deviation at 10 % loss is about 1 %. */
const SPAN = 512;

/** Frames judged at once, at the most: after so many losses in a row the average moves no more. */
const MOST_JUDGED = 8 * SPAN;

/** The loss of one direction. */
export class ReceiveLoss {
  /** Whether each of the newest numbers has come: a number takes the place of the one 64 before. */
  readonly #hasCome = new Uint8Array(REORDERING_MARGIN);
  #highest = -1;
  #rate = 0;
  #count = 0;

  /** 0 to 1. */
  get rate(): number {
    return this.#rate;
  }

  /** The loss as the wire writes it, 0 to 254. */
  get byte(): number {
    return Math.floor(254 * this.#rate);
  }

  /** A data frame has come, for the first time or again. */
  onArrived(frameNumber: number): void {
    // A hostile number may lie millions ahead.
    if (frameNumber - this.#highest > MOST_JUDGED + REORDERING_MARGIN) {
      this.#highest = frameNumber - MOST_JUDGED;
      this.#hasCome.fill(0);
    }
    while (this.#highest < frameNumber) {
      const place = ++this.#highest % REORDERING_MARGIN;
      if (this.#highest >= REORDERING_MARGIN) this.#judge(this.#hasCome[place] === 1);
      this.#hasCome[place] = 0;
    }
    if (frameNumber > this.#highest - REORDERING_MARGIN) {
      this.#hasCome[frameNumber % REORDERING_MARGIN] = 1;
    }
  }

  #judge(hasCome: boolean): void {
    this.#count = Math.min(SPAN, this.#count + 1);
    this.#rate += ((hasCome ? 0 : 1) - this.#rate) / this.#count;
  }
}
