/**
 * A bit for each of the newest numbers, in memory that grows with how many those are.
 *
 * A ring of words, of which one is cleared before the newest number enters it. There are thousands of
 * sessions of which most have said little: so it begins with a few words, and takes more when numbers
 * would share a bit otherwise, up to a bound.
 *
 * @module
 */

const WORD_BITS = 32;

// Tuning.

/** Words at the start: as many as V8 keeps inside of the object. */
const LEAST_WORDS = 16;

/** Bits of the newest numbers, all 0 at first. */
export class BitRing {
  readonly #mostWords: number;
  #words = new Uint32Array(LEAST_WORDS);
  #lowest = 0;
  #highest = -1;

  /** @param bits Numbers at the most, a power of two of at least 512; of the oldest 31 some may be gone. */
  constructor(bits: number) {
    this.#mostWords = bits / WORD_BITS;
  }

  /** The number below which nothing is asked. */
  get lowest(): number {
    return this.#lowest;
  }

  /** The highest number that there has been; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** Moves up to a number above the highest: it and all in between are 0. */
  moveUpTo(number: number): void {
    this.#makeRoom(number);
    const words = this.#words;
    const from = wordOf(Math.max(this.#highest, 0)) + 1;
    const to = wordOf(number);
    const count = Math.min(to - from + 1, words.length);
    for (let i = 0; i < count; i++) words[(to - i) % words.length] = 0;
    this.#highest = number;
  }

  /** Forgets all numbers up to the highest, gives their memory back, and goes on above that one. */
  restart(highest: number = this.#highest): void {
    this.#words = new Uint32Array(LEAST_WORDS);
    this.#highest = highest;
    this.#lowest = highest + 1;
  }

  /** The bit of a number that is still remembered. */
  has(number: number): boolean {
    return (this.#words[wordOf(number) % this.#words.length]! & maskOf(number)) !== 0;
  }

  /** Makes the bit of such a number 1. */
  add(number: number): void {
    this.#words[wordOf(number) % this.#words.length]! |= maskOf(number);
  }

  #makeRoom(number: number): void {
    const before = this.#words;
    const wanted = wordOf(number) - wordOf(this.#lowest) + 1;
    if (wanted <= before.length || before.length === this.#mostWords) return;
    let size = before.length;
    while (size < wanted && size < this.#mostWords) size *= 2;
    const words = this.#words = new Uint32Array(size);
    const to = wordOf(Math.max(this.#highest, 0));
    const from = Math.max(wordOf(this.#lowest), to - before.length + 1);
    for (let word = from; word <= to; word++) words[word % size] = before[word % before.length]!;
  }
}

function wordOf(number: number): number {
  // Not by shifting: that would cut the number to 32 bits first.
  return Math.floor(number / WORD_BITS);
}

function maskOf(number: number): number {
  return 1 << number % WORD_BITS;
}
