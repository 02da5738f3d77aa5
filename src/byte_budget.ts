/**
 * How many bytes something may hold: a process, a session in it, a stream in that.
 *
 * What a part takes it takes from the whole as well. No part may hold more than it leaves to the
 * others: the first one to be greedy gets half, the next one half of the rest, so who comes late finds
 * something free however many are greedy already (A. K. Choudhury and E. L. Hahne, "Dynamic queue
 * length thresholds for shared-memory packet switches", 1998).
 *
 * @module
 */

/** Bytes of which only so many may be held at a time. */
export class ByteBudget {
  /** Bytes that may be held at the most. */
  readonly limit: number;
  readonly #whole: ByteBudget | undefined;
  #used = 0;
  #refusals = 0;
  #isClosed = false;

  /**
   * @param limit Bytes.
   * @param whole The budget that this one is a part of.
   */
  constructor(limit: number, whole?: ByteBudget) {
    this.limit = limit;
    this.#whole = whole;
  }

  /** Bytes that are held now. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that are free here; what already is held counts against what the whole has free. */
  get free(): number {
    const own = this.limit - this.#used;
    return this.#whole === undefined ? own : Math.min(own, this.#whole.free - this.#used);
  }

  /** How often there was no room, here or in a part for want of room here. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Takes bytes if there is room for them. */
  take(bytes: number): boolean {
    if (bytes > this.free) {
      this.refuse(bytes);
      return false;
    }
    this.use(bytes);
    return true;
  }

  /** Something that wanted so many bytes free was turned away: it counts here, and in a whole without. */
  refuse(bytes: number): void {
    this.#refusals++;
    const wanted = bytes + this.#used;
    if (this.#whole !== undefined && wanted > this.#whole.free) this.#whole.refuse(wanted);
  }

  /** Takes bytes whether there is room or not, or gives them back when negative. */
  use(bytes: number): void {
    if (this.#isClosed) return;
    this.#used += bytes;
    this.#whole?.use(bytes);
  }

  /** The part is no more: all that it holds is given back, and nothing counts that it still does. */
  close(): void {
    this.use(-this.#used);
    this.#isClosed = true;
  }
}
