/**
 * The cipher of one direction of a TCP connection: a ChaCha8 key stream from an all-zero nonce and
 * counter 0, which runs on over all bytes of the direction, however they are cut.
 *
 * It hides; it does not authenticate. What runs inside has its own cipher. Source: the sosistab
 * wire, version 3, section 5.1.
 *
 * @module
 */
import { chacha8 } from "@noble/ciphers/chacha.js";

// Protocol constants: changing one breaks interoperation.

const KEY_LENGTH = 32;
const BLOCK_LENGTH = 64;
const ZERO_NONCE = new Uint8Array(12);

/** The key stream of one direction; the same for sending and for receiving. */
export class StreamCipher {
  readonly #key: Uint8Array;
  /** The block that was begun; what is used of it lies before `#used`. */
  readonly #block = new Uint8Array(BLOCK_LENGTH);
  #used = BLOCK_LENGTH;
  #nextBlock = 0;

  /**
   * Starts at the first byte of the direction.
   *
   * @param key 32 bytes; a copy is kept.
   */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_LENGTH) {
      throw new RangeError(`key must be ${KEY_LENGTH} bytes, got ${key.length}`);
    }
    this.#key = key.slice();
  }

  /**
   * Encrypts or decrypts the next bytes of the direction, in place. Throws after 256 GiB, where
   * the counter of the key stream ends.
   */
  apply(bytes: Uint8Array): void {
    let at = this.#finishBlock(bytes);
    const blocks = Math.floor((bytes.length - at) / BLOCK_LENGTH);
    if (blocks > 0) {
      const whole = bytes.subarray(at, at + blocks * BLOCK_LENGTH);
      chacha8(this.#key, ZERO_NONCE, whole, whole, this.#nextBlock);
      this.#nextBlock += blocks;
      at += whole.length;
    }
    if (at < bytes.length) {
      this.#startBlock();
      this.#finishBlock(bytes.subarray(at));
    }
  }

  /** Uses up the block at hand, or what of it is wanted; returns how many bytes it did. */
  #finishBlock(bytes: Uint8Array): number {
    const length = Math.min(BLOCK_LENGTH - this.#used, bytes.length);
    for (let i = 0; i < length; i++) bytes[i]! ^= this.#block[this.#used + i]!;
    this.#used += length;
    return length;
  }

  #startBlock(): void {
    this.#block.fill(0);
    chacha8(this.#key, ZERO_NONCE, this.#block, this.#block, this.#nextBlock);
    this.#nextBlock++;
    this.#used = 0;
  }
}
