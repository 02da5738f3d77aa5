/**
 * Remembers which frame numbers have been seen, in constant memory.
 *
 * A bit for each of the newest {@linkcode REPLAY_WINDOW} numbers, in a ring of words. A number
 * above the highest moves the window up and clears what it passes: never more than the whole
 * ring, however far a hostile number jumps. This is the scheme of RFC 6479. Whether a jump is
 * believable is for the session to say: it refuses it before it asks here.
 *
 * @module
 */

// Protocol constants.

/** How far below the highest number a number is still taken, as in the original. */
export const REPLAY_WINDOW = 10_000;

// Tuning.

/**
 * Bits in the ring: the window, rounded up so that a word is cleared before the window enters it,
 * and to a power of two.
 */
const RING_BITS = 16_384;
const RING_WORDS = RING_BITS / 32;

/** A sliding window over frame numbers, for one direction of one session. */
export class ReplayWindow {
  readonly #seen = new Uint32Array(RING_WORDS);
  #highest = -1;

  /** The highest number accepted so far; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /**
   * Takes a number once.
   *
   * @param frameNumber An integer from 0 to 2^53-1.
   * @returns `true` the first time; `false` when the number was seen before or has fallen out of
   * the window.
   */
  accept(frameNumber: number): boolean {
    if (frameNumber < this.#highest - REPLAY_WINDOW) return false;
    if (frameNumber > this.#highest) this.#moveUpTo(frameNumber);
    // `%` and not `&`: the bit operators would cut the number to 32 bits first.
    const bit = frameNumber % RING_BITS;
    const word = bit >>> 5;
    const mask = 1 << (bit & 31);
    if (this.#seen[word]! & mask) return false;
    this.#seen[word]! |= mask;
    return true;
  }

  /** Whether a number was accepted; always `false` for one that has fallen out of the window. */
  has(frameNumber: number): boolean {
    if (frameNumber > this.#highest || frameNumber < this.#highest - REPLAY_WINDOW) return false;
    const bit = frameNumber % RING_BITS;
    return (this.#seen[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  #moveUpTo(frameNumber: number): void {
    const from = Math.floor(Math.max(this.#highest, 0) / 32) + 1;
    const to = Math.floor(frameNumber / 32);
    const words = Math.min(to - from + 1, RING_WORDS);
    for (let i = 0; i < words; i++) this.#seen[(to - i) % RING_WORDS] = 0;
    this.#highest = frameNumber;
  }
}
