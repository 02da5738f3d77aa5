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
    const item = items[Math.floor(this.#next() * items.length)];
    if (item === undefined) throw new RangeError("nothing to draw from");
    return item;
  }

  /** That many bytes. */
  bytes(length: number): Uint8Array {
    return this.fill(new Uint8Array(length));
  }

  /** The same into memory that is there. */
  fill(into: Uint8Array): Uint8Array {
    for (let at = 0; at < into.length; at += 4) {
      const word = this.#next() * 4294967296;
      into[at] = word;
      if (at + 1 < into.length) into[at + 1] = word >>> 8;
      if (at + 2 < into.length) into[at + 2] = word >>> 16;
      if (at + 3 < into.length) into[at + 3] = word >>> 24;
    }
    return into;
  }
}
