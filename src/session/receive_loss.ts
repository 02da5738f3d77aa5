/**
 * Measures how much of what the other side sends does not arrive.
 *
 * What is missing may be lost, or merely late. The rules:
 *
 *  - a frame is judged once it has been passed by as many others as our *patience* says;
 *  - patience is 64 frames at first. It is raised at once when two frames come nearly as late as
 *    that, and shrinks bit by bit to 8 while frames keep their order. A single straggler is no
 *    reason to wait;
 *  - a frame that comes after it was judged to be lost was not: the judgement is taken back;
 *  - a duplicate changes nothing;
 *  - a frame that was rebuilt from parity is a loss all the same: the other side would send no more
 *    parity if it heard of none;
 *  - a jump over more than a thousand numbers is an outage, and does not count: no parity would have
 *    helped.
 *
 * What the judgements tell of the path is for {@linkcode LossMemory} to say.
 *
 * @module
 */
import { BitRing } from "./bit_ring.ts";
import { LossMemory } from "./loss_memory.ts";

// Protocol constants.

/** The largest loss that the wire knows. */
const LARGEST_BYTE = 254;

// Tuning.

/** Bits in the ring, and numbers remembered: how late a frame may be and still be taken back. */
const RING_BITS = 8_192;
const REMEMBERED = RING_BITS - 32;

/** Patience at first; 64 frames are 6 ms at 100 Mbit/s. */
const FIRST_PATIENCE = 64;

/** Patience at the least: where order was kept for long, a loss is soon believed. */
const LEAST_PATIENCE = 8;

/** Patience at the most, and the most numbers that are missing in a row and count. */
const MOST_PATIENCE = 1_024;

/** The next frame may be later than the latest so far. */
const PATIENCE_MARGIN = 1.5;

/** Frames after which patience shrinks, by a quarter; at first it takes longer. */
const PERIOD = 80;
const FIRST_PERIOD = 240;

/** The loss of one direction. */
export class ReceiveLoss {
  readonly #memory = new LossMemory();
  /** The numbers that have come. */
  readonly #hasCome = new BitRing(RING_BITS);
  #judged = -1;
  #patience = FIRST_PATIENCE;
  /** What patience would have to be for the latest frame of this period, and for all but that one. */
  #worst = 0;
  #needed = 0;
  #left = FIRST_PERIOD;

  /** 0 to 1. */
  get rate(): number {
    return this.#memory.rate;
  }

  /** Correlation of the losses of two frames in a row, 0 when they are independent. */
  get stickiness(): number {
    return this.#memory.stickiness;
  }

  /**
   * The loss as the wire writes it, 0 to 254. It is 0 when nothing has been lost for some seconds:
   * then a sender of the original stops sending parity.
   */
  get byte(): number {
    return this.#memory.isQuiet ? 0 : Math.floor(LARGEST_BYTE * this.rate);
  }

  /** A data frame has come, for the first time or again. */
  onArrived(frameNumber: number, now: number): void {
    if (frameNumber > this.#highest) this.#moveUpTo(frameNumber);
    else if (this.#has(frameNumber)) return;
    else this.#onLate(frameNumber);
    this.#hasCome.add(frameNumber);
    if (--this.#left === 0) this.#shrinkPatience();
    while (this.#judged < this.#highest - this.#patience) this.#judge(now);
  }

  /** Nothing has come for long: what has not come by now is not judged, and needs no memory. */
  rest(): void {
    this.#hasCome.restart();
    this.#judged = this.#highest;
  }

  get #highest(): number {
    return this.#hasCome.highest;
  }

  #moveUpTo(frameNumber: number): void {
    if (frameNumber > this.#highest + MOST_PATIENCE) {
      // Whatever is missing below was not counted, so it cannot be taken back.
      this.#judged = frameNumber - 1;
      this.#hasCome.restart(this.#judged);
    }
    this.#hasCome.moveUpTo(frameNumber);
  }

  #onLate(frameNumber: number): void {
    const passedBy = Math.ceil(PATIENCE_MARGIN * (this.#highest - frameNumber));
    const needed = Math.min(passedBy, MOST_PATIENCE);
    this.#needed = Math.max(this.#needed, Math.min(this.#worst, needed));
    this.#worst = Math.max(this.#worst, needed);
    this.#patience = Math.max(this.#patience, this.#needed);
    if (frameNumber > this.#judged) return;
    const isBeforeLost = !this.#has(frameNumber - 1);
    const isAfterLost = frameNumber < this.#judged && !this.#has(frameNumber + 1);
    this.#memory.takeBack((isBeforeLost ? 1 : 0) + (isAfterLost ? 1 : 0) - 1);
  }

  #judge(now: number): void {
    const frameNumber = ++this.#judged;
    this.#memory.onJudged(!this.#has(frameNumber), this.#has(frameNumber - 1), now);
  }

  #shrinkPatience(): void {
    this.#left = PERIOD;
    const less = this.#patience - (this.#patience >> 2);
    this.#patience = Math.max(LEAST_PATIENCE, this.#needed, less);
    this.#worst = this.#needed = 0;
  }

  /** Whether a number came; also when it is too old to tell. */
  #has(frameNumber: number): boolean {
    const isOld = frameNumber < this.#hasCome.lowest ||
      frameNumber <= this.#highest - REMEMBERED;
    return isOld || this.#hasCome.has(frameNumber);
  }
}
