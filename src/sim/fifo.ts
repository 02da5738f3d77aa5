/**
 * A queue that costs the same however long it is.
 *
 * @module
 */

// Tuning.

/** Free places in front that are kept at most, unless half of all places are. */
const MOST_FREE = 256;

/** First in, first out. */
export class Fifo<T> {
  readonly #items: T[] = [];
  #first = 0;

  /** How many wait. */
  get length(): number {
    return this.#items.length - this.#first;
  }

  /** Adds one behind all others. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first one out. */
  take(): T | undefined {
    const item = this.#items[this.#first];
    if (this.length === 0) return undefined;
    this.#first++;
    if (this.#first === this.#items.length) this.clear();
    else if (this.#first > MOST_FREE && 2 * this.#first > this.#items.length) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Forgets all. */
  clear(): void {
    this.#items.length = 0;
    this.#first = 0;
  }
}
