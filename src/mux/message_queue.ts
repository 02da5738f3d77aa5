/**
 * Messages that wait for somebody who may be slow.
 *
 * @module
 */

// Tuning.

/** Messages kept at the most: the original keeps as many. */
const MOST_MESSAGES = 256;

/** A bounded queue of messages. When it is full the oldest goes: late news is worth the least. */
export class MessageQueue {
  readonly #ring: (Uint8Array | undefined)[] = [];
  readonly #ages: number[] = [];
  #maxAge = 0;
  #first = 0;
  #length = 0;
  #dropped = 0;

  /** Messages waiting. */
  get length(): number {
    return this.#length;
  }

  /** Messages that nobody took in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How old the message that was taken last may be to be of use, ms. */
  get maxAge(): number {
    return this.#maxAge;
  }

  /** Adds a copy of a message. */
  add(message: Uint8Array, maxAge: number = 0): void {
    if (this.#length === MOST_MESSAGES) {
      this.take();
      this.#dropped++;
    }
    const place = (this.#first + this.#length++) % MOST_MESSAGES;
    this.#ring[place] = message.slice();
    this.#ages[place] = maxAge;
  }

  /** Takes the oldest message. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const message = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#maxAge = this.#ages[this.#first] ?? 0;
    this.#first = (this.#first + 1) % MOST_MESSAGES;
    this.#length--;
    return message;
  }
}
