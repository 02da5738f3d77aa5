/**
 * Datagrams on their way into a byte stream, in frames.
 *
 * | offset | size | field                          |
 * | -----: | ---: | ------------------------------ |
 * |      0 |    2 | n, big-endian                  |
 * |      2 |    n | a datagram                     |
 *
 * Frames wait here in the clear until a connection takes them: which one that will be is not known
 * when they are put in, and encrypting many at once costs less than one after the other. Source: the
 * sosistab wire, version 3, section 5.1.
 *
 * @module
 */

// Protocol constants: changing one breaks interoperation.

/** Longest datagram that is sent. */
export const MOST_DATAGRAM_SENT = 2046;

/** Bytes that a frame adds to its datagram. */
export const FRAME_OVERHEAD = 2;

// Tuning.

/**
 * Memory for the first frames, bytes: one full packet. There is none while nothing waits, and later
 * there is as much as was needed the last time, so that a busy connection does not grow it each turn.
 */
const LEAST_MEMORY = 2048;

/** What is kept in mind of the last time, bytes at the most: one large write. */
const MOST_EXPECTED = 64 * 1024;

/** Frames that wait. It is the owner's part to bound them. */
export class FrameBuffer {
  #memory: Uint8Array = NOTHING;
  #length = 0;
  #expected = LEAST_MEMORY;

  /** Bytes that wait, the frames' own included. */
  get length(): number {
    return this.#length;
  }

  /**
   * Puts a datagram in.
   *
   * @param datagram 1 to {@linkcode MOST_DATAGRAM_SENT} bytes; copied.
   */
  append(datagram: Uint8Array): void {
    const { length } = datagram;
    if (length < 1 || length > MOST_DATAGRAM_SENT) {
      throw new RangeError(`a frame holds 1 to ${MOST_DATAGRAM_SENT} bytes, got ${length}`);
    }
    const at = this.#length;
    this.#reserve(at + FRAME_OVERHEAD + length);
    this.#memory[at] = length >>> 8;
    this.#memory[at + 1] = length;
    this.#memory.set(datagram, at + FRAME_OVERHEAD);
    this.#length = at + FRAME_OVERHEAD + length;
  }

  /** Gives away all that waits, with its memory. */
  take(): Uint8Array {
    const bytes = this.#memory.subarray(0, this.#length);
    this.#expected = Math.max(LEAST_MEMORY, Math.min(MOST_EXPECTED, this.#length));
    this.clear();
    return bytes;
  }

  /** Forgets all that waits. */
  clear(): void {
    this.#memory = NOTHING;
    this.#length = 0;
  }

  #reserve(length: number): void {
    if (length <= this.#memory.length) return;
    const memory = new Uint8Array(Math.max(length, this.#expected, 2 * this.#memory.length));
    memory.set(this.#memory.subarray(0, this.#length));
    this.#memory = memory;
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
