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

  /** Adds a copy of a message. */
  add(message: Uint8Array): void {
    if (this.#length === MOST_MESSAGES) {
      this.take();
      this.#dropped++;
    }
    this.#ring[(this.#first + this.#length++) % MOST_MESSAGES] = message.slice();
  }

  /** Takes the oldest message. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const message = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) % MOST_MESSAGES;
    this.#length--;
    return message;
  }
}
