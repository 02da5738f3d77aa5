import type { NonceSequence } from "../../src/crypto/nonces.ts";

/** What became of many nonces. */
export interface NonceRepeats {
  /** Nonces that had occurred before. */
  readonly repeats: number;
  /** How many different heads (first eight bytes) they had. */
  readonly heads: number;
}

/**
 * Counts exactly which nonces occur twice: for each head a bit for every tail, so heads must be few, as
 * those of a bad source are. A head costs half a gigabyte when it has many tails, and some bytes a tail
 * when it has few.
 *
 * @param most Heads that there may be at the most.
 */
export function countRepeats(nonces: NonceSequence, count: number, most: number): NonceRepeats {
  const isDense = count > 10_000_000;
  const seen = new Map<string, { has(tail: number): boolean }>();
  let tails: { has(tail: number): boolean } | undefined;
  let first = -1;
  let second = -1;
  let repeats = 0;
  const memory = nonces.next();
  const words = new DataView(memory.buffer, memory.byteOffset);
  for (let i = 0; i < count; i++) {
    // The first one was made already; all of them stand in the same memory.
    if (i > 0) nonces.next();
    const isNewHead = words.getUint32(0) !== first || words.getUint32(4) !== second;
    if (tails === undefined || isNewHead) {
      [first, second] = [words.getUint32(0), words.getUint32(4)];
      const head = `${first} ${second}`;
      tails = seen.get(head) ?? (isDense ? new DenseTails() : new SparseTails());
      seen.set(head, tails);
      if (seen.size > most) throw new RangeError(`more than ${most} heads`);
    }
    if (tails.has(words.getUint32(8))) repeats++;
  }
  return { repeats, heads: seen.size };
}

/** A bit for every word. */
class DenseTails {
  readonly #bits = new Uint32Array(2 ** 27);

  /** Whether it was asked for before. */
  has(tail: number): boolean {
    const at = tail >>> 5;
    const bit = 1 << (tail & 31);
    if ((this.#bits[at]! & bit) !== 0) return true;
    this.#bits[at]! |= bit;
    return false;
  }
}

/** The words themselves. */
class SparseTails {
  readonly #tails = new Set<number>();

  /** Whether it was asked for before. */
  has(tail: number): boolean {
    const { size } = this.#tails;
    return this.#tails.add(tail).size === size;
  }
}
