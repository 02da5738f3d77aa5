/**
 * Reads the fields of a received packet, and never fails in the middle.
 *
 * Bytes from the network are hostile until proven otherwise, so a decoder must survive any of
 * them without a try block around it. A `Reader` fails *stickily*: a read past the end, or a
 * number that does not fit, gives 0 and marks the reader as failed; later reads give 0 too. The
 * decoder reads all fields in a straight line and asks {@linkcode Reader.ok} once, at the end.
 *
 * The wire has two spellings of an integer (section 1.5, the two dialects of Rust's bincode). The
 * fixed one has the width of its type. The other, the *varint*, is:
 *
 * | first byte | then           | value                       |
 * | ---------: | -------------- | --------------------------- |
 * |   0 .. 250 |                | the byte itself             |
 * |        251 | u16            | the u16                     |
 * |        252 | u32            | the u32                     |
 * |        253 | u64            | the u64                     |
 * |   254, 255 |                | refused: too wide, or none  |
 *
 * All integers are little-endian.
 *
 * @module
 */

// Protocol constants.

/**
 * Largest integer that a wire `u64` may hold here; above it a JavaScript number would silently
 * round.
 */
const MAX_U64 = Number.MAX_SAFE_INTEGER;

/** First byte of a varint that is followed by two bytes, and so on. */
const VARINT_U16 = 251;
const VARINT_U32 = 252;
const VARINT_U64 = 253;

/** A cursor over borrowed bytes. It copies nothing; the slices that it returns are views. */
export class Reader {
  // Integers are put together from bytes: a DataView for each packet costs more than it saves.
  readonly #bytes: Uint8Array;
  #at = 0;
  #ok = true;

  /**
   * Starts at the first byte.
   *
   * @param bytes Borrowed until the last read; must not change in between.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether every read so far stayed inside the bytes and fitted its type. */
  get ok(): boolean {
    return this.#ok;
  }

  /**
   * Bytes not yet read. What is left after the last field is padding: the wire allows it
   * everywhere.
   */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Reads one byte. */
  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#bytes[at]!;
  }

  /** Reads two bytes. */
  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#bytes[at]! | this.#bytes[at + 1]! << 8;
  }

  /** Reads four bytes. */
  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#u32At(at);
  }

  /** Reads eight bytes; fails above 2^53-1. */
  u64(): number {
    const at = this.#take(8);
    if (at < 0) return 0;
    const value = this.#u32At(at + 4) * 2 ** 32 + this.#u32At(at);
    return value <= MAX_U64 ? value : this.#fail();
  }

  /**
   * Reads an integer in its variable spelling; fails above 2^53-1. A longer spelling than the
   * value needs is taken, as the original takes it.
   */
  varint(): number {
    const first = this.u8();
    if (first < VARINT_U16) return first;
    switch (first) {
      case VARINT_U16:
        return this.u16();
      case VARINT_U32:
        return this.u32();
      case VARINT_U64:
        return this.u64();
      default:
        return this.#fail();
    }
  }

  /**
   * Reads exactly `length` bytes as a view. The length is checked before anything is made from
   * it.
   */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return at < 0 ? EMPTY : this.#bytes.subarray(at, at + length);
  }

  /** Reads a `u64` count and that many bytes as a view: the byte string of the fixed dialect. */
  byteString(): Uint8Array {
    return this.bytes(this.u64());
  }

  /** Reads a varint count and that many bytes as a view: the byte string of the varint dialect. */
  varintBytes(): Uint8Array {
    return this.bytes(this.varint());
  }

  /** Moves past `length` bytes and returns where they began, or -1 once the reader has failed. */
  #take(length: number): number {
    if (!this.#ok || length > this.remaining) {
      this.#fail();
      return -1;
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }

  #u32At(at: number): number {
    const bytes = this.#bytes;
    return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
  }

  #fail(): 0 {
    this.#ok = false;
    return 0;
  }
}

const EMPTY = new Uint8Array(0);
