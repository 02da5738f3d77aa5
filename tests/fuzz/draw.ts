import { seededFraction } from "../support/seeded_random.ts";

/** Draws of all kinds, the same for the same seed on every runtime. */
export class Draw {
  readonly #next: () => number;

  /** @param seed Any integer. */
  constructor(seed: number) {
    this.#next = seededFraction(seed);
  }

  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  /** `true` with that chance. */
  happens(chance: number): boolean {
    return this.#next() < chance;
  }

  /** One of the items. */
  of<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError("nothing to draw from");
    return item;
  }

  /** That many bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() * 256);
  }
}
