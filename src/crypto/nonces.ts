/**
 * Nonces of session packets that never occur twice under one key, and look like noise.
 *
 * | offset | size | field                                                     |
 * | -----: | ---: | --------------------------------------------------------- |
 * |      0 |    8 | r: drawn at random                                        |
 * |      8 |    4 | n xor f(r): n is how many nonces were made under this key |
 *
 * Two of them that are equal would have equal r, hence equal f(r), hence equal n; and n is counted. So
 * they differ whatever is drawn, even by a source that always says the same. A key has one sequence:
 * each end seals under a key of its own, a client takes no answer of a server twice
 * (`net/server_search.ts`), a server no token twice (`net/server_sessions.ts`).
 *
 * Noise they are because f, a keyed function, gives an unrelated word for each r. Who lacks the key
 * learns something only when r itself occurs twice, which n packets bring about with a chance of
 * n^2 / 2^65: then the last words differ by the difference of two counts that he knew already.
 *
 * Why not only a counter, behind a cipher: what is drawn also tells apart two copies of one process,
 * as machines that are restored from one snapshot have. They count alike under equal keys; after the
 * few hundred nonces that the pool of randomness still held, they draw differently.
 *
 * f is the permutation of Chaskey-12 (Mouha and others, SAC 2014; ISO/IEC 29192-6) between two keys,
 * all made of the session's own. The other end only reads nonces, so none of this is on the wire.
 *
 * @module
 */
import type { Random } from "../random.ts";
import { SESSION_NONCE_LENGTH } from "./aead.ts";
import { asciiKey, keyedHash } from "./hash.ts";

/** Nonces that one key has: the count is a word. */
export const MOST_NONCES: number = 2 ** 32;

const NAME = asciiKey("sosistab-ts-nonces");

/** Rounds of Chaskey-12. */
const ROUNDS = 12;

/** The nonces of one key. */
export class NonceSequence {
  readonly #random: Random;
  readonly #key: Int32Array;
  readonly #nonce = new Uint8Array(SESSION_NONCE_LENGTH);
  readonly #words = new Int32Array(this.#nonce.buffer);
  #count: number;

  /**
   * @param key That of the packets, 32 bytes; not kept.
   * @param count How many nonces it has had already: other than 0 in tests alone.
   */
  constructor(key: Uint8Array, random: Random, count = 0) {
    this.#random = random;
    this.#key = new Int32Array(keyedHash(NAME, key).buffer);
    this.#count = count;
  }

  /** How many nonces were made. */
  get count(): number {
    return this.#count;
  }

  /**
   * Makes the next nonce, which is lent until the call after this one. Throws after
   * {@linkcode MOST_NONCES}.
   */
  next(): Uint8Array {
    if (this.#count >= MOST_NONCES) throw new RangeError("the nonces of this key are used up");
    this.#random.fill(this.#nonce);
    const words = this.#words;
    words[2] = this.#count++ ^ keyedWord(this.#key, words[0]!, words[1]!, ROUNDS);
    return this.#nonce;
  }

  /** Overwrites the key; nothing may be asked for any more. */
  wipe(): void {
    this.#key.fill(0);
  }
}

/**
 * A word made of two, under a key: the first of what Chaskey makes of them and two words of zeros.
 *
 * @param key Four words that come before the permutation, and the one behind it.
 */
export function keyedWord(key: Int32Array, first: number, second: number, rounds: number): number {
  let a = first ^ key[0]!;
  let b = second ^ key[1]!;
  let c = key[2]!;
  let d = key[3]!;
  for (let round = 0; round < rounds; round++) {
    a = a + b | 0;
    b = (b << 5 | b >>> 27) ^ a;
    a = a << 16 | a >>> 16;
    c = c + d | 0;
    d = (d << 8 | d >>> 24) ^ c;
    a = a + d | 0;
    d = (d << 13 | d >>> 19) ^ a;
    c = c + b | 0;
    b = (b << 7 | b >>> 25) ^ c;
    c = c << 16 | c >>> 16;
  }
  return a ^ key[4]!;
}
