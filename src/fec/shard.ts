/**
 * The memory of a shard: what the erasure code computes with.
 *
 * A body becomes a shard like this:
 *
 * | offset | size | field             |
 * | -----: | ---: | ----------------- |
 * |      0 |    2 | n, little-endian  |
 * |      2 |    n | body              |
 * |    2+n | rest | zeros             |
 *
 * How many zeros follow is the run's choice, and means nothing: a shard counts as if zeros went on
 * for ever. So shards of different lengths can be added.
 *
 * The bytes lie in words, because products are made of four bytes at a time.
 *
 * Source: the sosistab wire, version 3, section 4.1.
 *
 * @module
 */
import { addProduct } from "./galois.ts";

// Protocol constants: changing one breaks interoperation.

/** Bytes of a shard in front of the body. */
export const LENGTH_PREFIX = 2;

/** A shard, of a body or of a sum of multiples of such; at first all zeros. */
export class Shard {
  #words: Uint32Array;
  #bytes: Uint8Array;
  #length: number;

  /** @param length In bytes. */
  constructor(length: number) {
    this.#words = new Uint32Array(Math.ceil(length / 4));
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#length = length;
  }

  /** A shard with a copy of these bytes. */
  static of(bytes: Uint8Array): Shard {
    const shard = new Shard(bytes.length);
    shard.#bytes.set(bytes);
    return shard;
  }

  /** Length in bytes. */
  get length(): number {
    return this.#length;
  }

  /** The bytes, a view. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * The body in the shard, a view; `undefined` when this is no shard of a body: the length does not
   * fit, or something other than zeros follows.
   */
  get body(): Uint8Array | undefined {
    const end = LENGTH_PREFIX + (this.#bytes[0]! | this.#bytes[1]! << 8);
    if (this.#length < LENGTH_PREFIX || end > this.#length) return undefined;
    for (let i = end; i < this.#length; i++) if (this.#bytes[i] !== 0) return undefined;
    return this.#bytes.subarray(LENGTH_PREFIX, end);
  }

  /** Makes it all zeros, of another length. */
  reset(length: number): void {
    this.#resize(0);
    this.#resize(length);
  }

  /** Makes it the shard of a body. */
  setBody(body: Uint8Array): void {
    this.#resize(LENGTH_PREFIX + body.length);
    this.#bytes[0] = body.length;
    this.#bytes[1] = body.length >>> 8;
    this.#bytes.set(body, LENGTH_PREFIX);
  }

  /** Adds `factor` times another shard, and is as long as that one afterwards, or longer. */
  add(other: Shard, factor: number): void {
    if (other.#length > this.#length) this.#resize(other.#length);
    addProduct(this.#words, other.#words, Math.ceil(other.#length / 4), factor);
  }

  /** Adds `factor` times the shard of a body. */
  addBody(body: Uint8Array, factor: number): void {
    // A copy costs a twentieth of the product, and puts the bytes where words can be read.
    aligned.setBody(body);
    this.add(aligned, factor);
  }

  /** Cuts it off, or appends zeros: what lies beyond the length is zero at all times. */
  #resize(length: number): void {
    if (length > this.#bytes.length) {
      const words = new Uint32Array(Math.ceil(length / 4));
      words.set(this.#words);
      this.#words = words;
      this.#bytes = new Uint8Array(words.buffer);
    }
    if (length < this.#length) this.#bytes.fill(0, length, this.#length);
    this.#length = length;
  }
}

const aligned = new Shard(0);
