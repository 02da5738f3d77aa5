/**
 * How long packets are made, so that their lengths say little about what is in them.
 *
 * @module
 */
import type { Random } from "../random.ts";

// Tuning.

/**
 * One more than the most bytes added. The original's lengths fall on a lattice of 32 and give it
 * away within twenty packets; a uniform draw over 64 values leaves the remainder of the length by 8,
 * 16, 32 and 64 uniform too, whatever the lengths were before.
 */
const SPREAD = 64;

/** Decides how many bytes of padding a packet gets. */
export interface PaddingPolicy {
  /**
   * @param length Bytes of the packet without padding.
   * @param most The longest that the packet may become.
   * @returns 0 to `most - length`; 0 when `length` is above `most` already.
   */
  paddingFor(length: number, most: number): number;
}

/** Adds a uniform draw of 0 to 63 bytes, as far as there is room. */
export class UniformPadding implements PaddingPolicy {
  readonly #random: Random;

  /** @param random Where the draws come from. */
  constructor(random: Random) {
    this.#random = random;
  }

  paddingFor(length: number, most: number): number {
    const room = Math.max(0, Math.min(SPREAD - 1, most - length));
    return room === 0 ? 0 : this.#random.between(0, room);
  }
}
