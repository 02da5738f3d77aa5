/**
 * The cipher of one direction of a TCP connection: a ChaCha8 key stream from an all-zero nonce and
 * counter 0, which runs on over all bytes of the direction, however they are cut.
 *
 * It hides; it does not authenticate. What runs inside has its own cipher. Source: the sosistab
 * wire, version 3, section 5.1.
 *
 * @module
 */
import { cipherKernel } from "../kernels/cipher_kernel.ts";
import { type CipherKernel, MOST_ENCRYPTED } from "../kernels/cipher_work.ts";

// Protocol constants: changing one breaks interoperation.

const KEY_LENGTH = 32;
const BLOCK_LENGTH = 64;
const ZERO_NONCE = new Uint8Array(12);

/** Where the counter of blocks ends, bytes: 256 GiB. */
const MOST_BYTES = BLOCK_LENGTH * 2 ** 32;

/** The key stream of one direction; the same for sending and for receiving. */
export class StreamCipher {
  readonly #key: Uint8Array;
  readonly #kernel: CipherKernel;
  /** Bytes of the key stream that are used up. */
  #position = 0;

  /**
   * Starts at the first byte of the direction.
   *
   * @param key 32 bytes; a copy is kept.
   * @param kernel What does the work: by default the fastest there is.
   */
  constructor(key: Uint8Array, kernel: CipherKernel = cipherKernel()) {
    if (key.length !== KEY_LENGTH) {
      throw new RangeError(`key must be ${KEY_LENGTH} bytes, got ${key.length}`);
    }
    this.#key = key.slice();
    this.#kernel = kernel;
  }

  /**
   * Encrypts or decrypts the next bytes of the direction, in place. Throws after 256 GiB, where
   * the counter of the key stream ends.
   */
  apply(bytes: Uint8Array): void {
    if (this.#position + bytes.length > MOST_BYTES) {
      throw new RangeError("the key stream of this direction is used up");
    }
    for (let at = 0; at < bytes.length;) {
      const used = this.#position % BLOCK_LENGTH;
      const count = Math.min(bytes.length - at, MOST_ENCRYPTED - used);
      const piece = bytes.subarray(at, at + count);
      const { work } = this.#kernel;
      work.set(piece, used);
      const block = (this.#position - used) / BLOCK_LENGTH;
      this.#kernel.encrypt(this.#key, ZERO_NONCE, block, used + count, 8);
      piece.set(work.subarray(used, used + count));
      this.#position += count;
      at += count;
    }
  }
}
