/**
 * When frames were sent, roughly and in little memory: from it and the other side's counters follows
 * how long a report takes.
 *
 * One mark stands for all frames of two milliseconds.
 *
 * @module
 */

// Tuning.

/** Shortest time between two marks, ms: delays are judged by several ms. */
const GRAIN = 2;

/** Marks kept at the most: half a second of dense traffic, and 256 frames of sparse traffic. */
const MARKS = 256;

/** Instants of sending, by frame number. Times in ms. */
export class SentTimes {
  /** Rings that grow with the marks that there have been: most sessions make few. */
  #frames: number[] = [];
  #times: number[] = [];
  #count = 0;

  /** A frame has left; its number is above all before. */
  onSent(frame: number, now: number): void {
    if (this.#count > 0 && now - this.#times[(this.#count - 1) % MARKS]! < GRAIN) return;
    this.#frames[this.#count % MARKS] = frame;
    this.#times[this.#count % MARKS] = now;
    this.#count++;
  }

  /** Forgets all marks. */
  clear(): void {
    this.#frames = [];
    this.#times = [];
    this.#count = 0;
  }

  /** When a frame was sent; `undefined`: too long ago, or never. */
  sentAt(frame: number): number | undefined {
    const after = this.#firstWhere((mark) => this.#frames[mark]! > frame);
    return after > this.#oldest ? this.#times[(after - 1) % MARKS] : undefined;
  }

  /** The first frame that is marked as sent at that time or later. */
  frameSince(time: number): number {
    const mark = this.#firstWhere((each) => this.#times[each]! >= time);
    return mark < this.#count ? this.#frames[mark % MARKS]! : Infinity;
  }

  get #oldest(): number {
    return Math.max(0, this.#count - MARKS);
  }

  /** The first mark for which it holds, as it does for all later ones; or the next mark to be set. */
  #firstWhere(holds: (place: number) => boolean): number {
    let low = this.#oldest;
    let high = this.#count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (holds(middle % MARKS)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
