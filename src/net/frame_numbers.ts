/**
 * One count of frames over all sessions that a multiplex lives through.
 *
 * Each session numbers its frames from 0. To the multiplex a new session looks as if the old one went
 * on: the frames that nobody has reported of are lost.
 *
 * @module
 */

/** The numbers of one multiplex. */
export class FrameNumbers {
  /** What the numbers of the present session begin with, in both directions. */
  #sentBase = 0;
  #receivedBase = 0;
  #totalBase = 0;
  #highestReceived = -1;
  #total = 0;

  /** The number of a frame that was sent. */
  sent(frame: number): number {
    return this.#sentBase + frame;
  }

  /** The number of a frame that has come. */
  received(frame: number): number {
    const number = this.#receivedBase + frame;
    this.#highestReceived = Math.max(this.#highestReceived, number);
    return number;
  }

  /** The counters that the other side has told; `total` is not 0. */
  told(highest: number, total: number): { readonly highest: number; readonly total: number } {
    this.#total = Math.max(this.#total, this.#totalBase + total);
    return { highest: this.#sentBase + highest, total: this.#totalBase + total };
  }

  /** Another session takes the place of one whose last frame had this number. */
  onReplaced(lastSent: number): void {
    this.#sentBase += lastSent + 1;
    this.#receivedBase = this.#highestReceived + 1;
    this.#totalBase = this.#total;
  }
}
