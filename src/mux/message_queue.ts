/**
 * Messages that wait for somebody who may be slow.
 *
 * @module
 */

// Tuning.

/**
 * Bytes kept at the most. When a stream that stood still for TCP's shortest timer, 200 ms, goes on,
 * what it held back comes within one turn of the event loop, before any reader has had its own: this
 * is so much at 40 Mbit/s.
 */
const MOST_BYTES = 2 ** 20;

/**
 * Messages kept at the most, for those that are small: who reads too slowly is late by so many. The
 * original keeps 256, and reads in a thread of its own.
 */
const MOST_MESSAGES = 2_048;

/** Places at the start: there are thousands of sessions in which nothing waits. */
const LEAST_PLACES = 16;

/** A bounded queue of messages. When it is full the oldest goes: late news is worth the least. */
export class MessageQueue {
  /** A power of two, so that places go round. */
  #ring: (Uint8Array | undefined)[] = new Array(LEAST_PLACES);
  #ages: number[] = new Array(LEAST_PLACES);
  #maxAge = 0;
  #first = 0;
  #length = 0;
  #bytes = 0;
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
    this.#bytes += message.length;
    while (this.#length > 0 && (this.#bytes > MOST_BYTES || this.#length === MOST_MESSAGES)) {
      this.take();
      this.#dropped++;
    }
    if (this.#length === this.#ring.length) this.#grow();
    const place = this.#placeOf(this.#length++);
    this.#ring[place] = message.slice();
    this.#ages[place] = maxAge;
  }

  /** Takes the oldest message. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const message = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#maxAge = this.#ages[this.#first] ?? 0;
    this.#first = this.#placeOf(1);
    this.#length--;
    this.#bytes -= message?.length ?? 0;
    return message;
  }

  #placeOf(index: number): number {
    return (this.#first + index) & (this.#ring.length - 1);
  }

  #grow(): void {
    const places = Array.from({ length: this.#length }, (_, i) => this.#placeOf(i));
    const size = 2 * this.#ring.length;
    const [ring, ages] = [places.map((at) => this.#ring[at]), places.map((at) => this.#ages[at]!)];
    ring.length = ages.length = size;
    this.#ring = ring;
    this.#ages = ages;
    this.#first = 0;
  }
}
