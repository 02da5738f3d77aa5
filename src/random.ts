/**
 * Chance comes in by the door: nothing in the core draws it anywhere else.
 *
 * @module
 */

/** Fills an array with unpredictable bytes. */
export type RandomSource = (into: Uint8Array) => void;

// Tuning.

/**
 * Bytes drawn at a time. A call into the platform costs 1 to 2 microseconds on Node whatever its
 * length; from a pool a nonce costs nanoseconds.
 */
const POOL_SIZE = 4096;

/** Draws numbers from a {@linkcode RandomSource}, through a pool that is wiped as it is used. */
export class Random {
  readonly #source: RandomSource;
  readonly #pool = new Uint8Array(POOL_SIZE);
  #at = POOL_SIZE;

  /**
   * Draws nothing yet.
   *
   * @param source Where the bytes come from.
   */
  constructor(source: RandomSource) {
    this.#source = source;
  }

  /** Fills `into`, at most 4,096 bytes. */
  fill(into: Uint8Array): void {
    const at = this.#take(into.length);
    into.set(this.#pool.subarray(at, at + into.length));
    this.#pool.fill(0, at, at + into.length);
  }

  /** Draws an integer from 0 to 2^32-1, each as likely as the next. */
  uint32(): number {
    const at = this.#take(4);
    const pool = this.#pool;
    const value = (pool[at]! | pool[at + 1]! << 8 | pool[at + 2]! << 16 | pool[at + 3]! << 24) >>>
      0;
    pool.fill(0, at, at + 4);
    return value;
  }

  /** Draws a number from 0 up to, but never, 1. */
  fraction(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Draws an integer from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  #take(length: number): number {
    if (length > POOL_SIZE) {
      throw new RangeError(`at most ${POOL_SIZE} random bytes at a time, got ${length}`);
    }
    if (this.#at + length > POOL_SIZE) {
      this.#source(this.#pool);
      this.#at = 0;
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
