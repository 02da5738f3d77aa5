/**
 * What a kernel of ciphers is, in whatever it is written.
 *
 * @module
 */
import { STEP } from "./chacha_code.ts";

/** Bytes of the work space: the longest message of an opening fits, and many packets of a stream. */
export const WORK_LENGTH = 68_608;

/** Bytes that one run of the key stream encrypts at the most. */
export const MOST_ENCRYPTED: number = WORK_LENGTH - STEP;

/** How many rounds a key stream has. */
export type Rounds = 8 | 20;

/** ChaCha and Poly1305. Every call uses the same work space: what is needed of it must be taken out. */
export interface CipherKernel {
  /** The work space: {@linkcode WORK_LENGTH} bytes. */
  readonly work: Uint8Array;

  /**
   * Encrypts or decrypts `length` bytes at the start of the work space in place; what stands up to
   * 255 bytes behind them is lost.
   *
   * @param key 32 bytes.
   * @param nonce 12 bytes.
   * @param counter Number of the first block of the key stream.
   * @param length At most {@linkcode MOST_ENCRYPTED}.
   */
  encrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    counter: number,
    length: number,
    rounds: Rounds,
  ): void;

  /**
   * Computes the tag of `length` bytes at `at` in the work space.
   *
   * @param length A multiple of 16, not 0.
   * @param keyAt Where in the work space the one-time key stands, 32 bytes.
   * @param tag Where it goes: 16 bytes.
   */
  authenticate(keyAt: number, at: number, length: number, tag: Uint8Array): void;
}

/** Throws where more is to be encrypted than there is room for. */
export function checkLength(length: number): void {
  if (length > MOST_ENCRYPTED) {
    throw new RangeError(`at most ${MOST_ENCRYPTED} bytes can be encrypted at once, got ${length}`);
  }
}

/** Throws where what is to be authenticated is not whole blocks, or reaches beyond the work space. */
export function checkRange(at: number, length: number): void {
  if (length < 16 || length % 16 !== 0 || at + length > WORK_LENGTH) {
    throw new RangeError(`${length} bytes at ${at} cannot be authenticated`);
  }
}
