/**
 * Datagrams out of a byte stream, however it is cut into pieces.
 *
 * A frame that stands whole in a piece is given on as a view, without a copy; of one that is spread
 * over several pieces a copy is gathered, so that each byte is moved once at most. The layout of a
 * frame stands in `frame_buffer.ts`.
 *
 * @module
 */
import type { StreamCipher } from "../crypto/stream_cipher.ts";
import { FRAME_OVERHEAD } from "./frame_buffer.ts";

// Protocol constants.

/** Longest datagram that is taken: the original closes the connection above this. */
export const MOST_DATAGRAM_TAKEN = 4096;

/**
 * Bytes of a direction that are read. The key stream ends after twice as many, where the cipher
 * throws; to come so far takes days.
 */
export const MOST_STREAM_BYTES: number = 2 ** 37;

/** The receiving half of an open connection. */
export class FrameReader {
  readonly #cipher: StreamCipher;
  #read = 0;
  #piece: Uint8Array = NOTHING;
  #at = 0;
  /** A frame that is not complete; its first `#gathered` bytes are there. */
  #frame: Uint8Array = NOTHING;
  #gathered = 0;
  #isBroken = false;

  /** @param cipher That of the direction, at the first frame. */
  constructor(cipher: StreamCipher) {
    this.#cipher = cipher;
  }

  /** Whether the stream holds what cannot be; nothing more comes out of it. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /**
   * Takes the next bytes. Those before must have been polled to their end.
   *
   * @param bytes Decrypted in place; lent until {@linkcode poll} has returned `undefined`.
   */
  push(bytes: Uint8Array): void {
    this.#read += bytes.length;
    if (this.#read > MOST_STREAM_BYTES) this.#isBroken = true;
    if (this.#isBroken) return;
    this.#cipher.apply(bytes);
    this.#piece = bytes;
    this.#at = 0;
  }

  /** The next datagram, which is lent until the next call, or `undefined`: bytes are missing. */
  poll(): Uint8Array | undefined {
    while (!this.#isBroken) {
      const frame = this.#gathered > 0 ? this.#gather() : this.#cut();
      if (frame === undefined) return undefined;
      // Wire compatibility: an empty frame means nothing, but nobody forbids it.
      if (frame.length > FRAME_OVERHEAD) return frame.subarray(FRAME_OVERHEAD);
    }
    return undefined;
  }

  /** Finds a frame that begins in the piece, and keeps what there is of one that does not end there. */
  #cut(): Uint8Array | undefined {
    const at = this.#at;
    const rest = this.#piece.length - at;
    if (rest >= FRAME_OVERHEAD) {
      const size = this.#sizeOf(this.#piece, at);
      if (size <= rest) {
        this.#at += size;
        return this.#piece.subarray(at, at + size);
      }
    }
    if (rest > 0 && !this.#isBroken) this.#keep(rest);
    return undefined;
  }

  /** Goes on with the frame that is not complete. */
  #gather(): Uint8Array | undefined {
    if (this.#gathered < FRAME_OVERHEAD) this.#keep(FRAME_OVERHEAD - this.#gathered);
    if (this.#gathered < FRAME_OVERHEAD) return undefined;
    const size = this.#sizeOf(this.#frame, 0);
    if (this.#isBroken) return undefined;
    this.#keep(size - this.#gathered);
    if (this.#gathered < size) return undefined;
    this.#gathered = 0;
    return this.#frame.subarray(0, size);
  }

  /** Length of the frame that begins there. One that is too long breaks the stream. */
  #sizeOf(bytes: Uint8Array, at: number): number {
    const length = bytes[at]! << 8 | bytes[at + 1]!;
    if (length <= MOST_DATAGRAM_TAKEN) return FRAME_OVERHEAD + length;
    this.#isBroken = true;
    this.#piece = NOTHING;
    return Infinity;
  }

  /** Copies so many bytes of the piece behind those that are gathered, or as many as there are. */
  #keep(most: number): void {
    if (this.#frame.length === 0) {
      this.#frame = new Uint8Array(FRAME_OVERHEAD + MOST_DATAGRAM_TAKEN);
    }
    const count = Math.min(most, this.#piece.length - this.#at);
    this.#frame.set(this.#piece.subarray(this.#at, this.#at + count), this.#gathered);
    this.#gathered += count;
    this.#at += count;
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
