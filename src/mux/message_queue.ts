/**
 * Messages that wait for somebody who may be slow.
 *
 * @module
 */

import type { ByteBudget } from "../byte_budget.ts";

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

/** Places at the least, once anything waits: there are thousands of sessions in which nothing does. */
const LEAST_PLACES = 16;

/** What a message costs besides its bytes: a view, its memory's head, and a place. */
const MESSAGE_COST = 256;

/**
 * A bounded queue of messages. When it is full, or the budget is used up, the oldest goes: late news is
 * worth the least. One message is always taken: somebody may be waiting for it.
 */
export class MessageQueue {
  readonly #budget: ByteBudget | undefined;
  /** As long as a power of two, or empty, so that places go round. */
  #ring: (Uint8Array | undefined)[] = [];
  #ages: number[] = [];
  #maxAge = 0;
  #first = 0;
  #length = 0;
  #bytes = 0;
  #dropped = 0;

  /** @param budget What pays for messages that wait; by default nobody does. */
  constructor(budget?: ByteBudget) {
    this.#budget = budget;
  }

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
    const cost = message.length + MESSAGE_COST;
    const isRefused = this.#length > 0 && cost > this.#free;
    if (isRefused) this.#budget?.refuse(cost);
    while (this.#length > 0 && (this.#isOverfull || cost > this.#free)) {
      this.take();
      this.#dropped++;
    }
    this.#budget?.use(cost);
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
    const length = message?.length ?? 0;
    this.#bytes -= length;
    this.#budget?.use(-length - MESSAGE_COST);
    if (this.#length === 0) this.#shrink();
    return message;
  }

  get #isOverfull(): boolean {
    return this.#bytes > MOST_BYTES || this.#length === MOST_MESSAGES;
  }

  get #free(): number {
    return this.#budget?.free ?? Infinity;
  }

  #placeOf(index: number): number {
    return (this.#first + index) & (this.#ring.length - 1);
  }

  #grow(): void {
    const places = Array.from({ length: this.#length }, (_, i) => this.#placeOf(i));
    const size = Math.max(LEAST_PLACES, 2 * this.#ring.length);
    const [ring, ages] = [places.map((at) => this.#ring[at]), places.map((at) => this.#ages[at]!)];
    ring.length = ages.length = size;
    this.#ring = ring;
    this.#ages = ages;
    this.#first = 0;
  }

  /** A rush leaves nothing behind. */
  #shrink(): void {
    if (this.#ring.length <= LEAST_PLACES) return;
    this.#ring = [];
    this.#ages = [];
    this.#first = 0;
  }
}
