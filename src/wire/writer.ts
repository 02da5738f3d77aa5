/**
 * Writes fields into memory that the caller lends. The spellings are those of `reader.ts`.
 *
 * @module
 */

/**
 * A cursor over a lent buffer. Running out of room is our own mistake, never a peer's, so it
 * throws. A number must fit its field: what does not fit is cut off.
 */
export class Writer {
  readonly #bytes: Uint8Array;
  #at = 0;

  /**
   * Starts at the first byte.
   *
   * @param bytes Lent for as long as the writer lives.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** Writes one byte. */
  u8(value: number): void {
    this.#bytes[this.#take(1)] = value;
  }

  /** Writes two bytes. */
  u16(value: number): void {
    const at = this.#take(2);
    this.#bytes[at] = value;
    this.#bytes[at + 1] = value >>> 8;
  }

  /** Writes four bytes. */
  u32(value: number): void {
    this.#u32At(this.#take(4), value);
  }

  /** Writes eight bytes. */
  u64(value: number): void {
    const at = this.#take(8);
    this.#u32At(at, value % 2 ** 32);
    this.#u32At(at + 4, Math.floor(value / 2 ** 32));
  }

  /** Writes an integer from 0 to 2^53-1 in its shortest variable spelling. */
  varint(value: number): void {
    if (value < 251) {
      this.u8(value);
    } else if (value < 2 ** 16) {
      this.u8(251);
      this.u16(value);
    } else if (value < 2 ** 32) {
      this.u8(252);
      this.u32(value);
    } else {
      this.u8(253);
      this.u64(value);
    }
  }

  /** Writes bytes as they are. */
  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#take(value.length));
  }

  /** Writes a `u64` length and the bytes. */
  byteString(value: Uint8Array): void {
    this.u64(value.length);
    this.bytes(value);
  }

  /** Writes a varint length and the bytes. */
  varintBytes(value: Uint8Array): void {
    this.varint(value.length);
    this.bytes(value);
  }

  #u32At(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) {
      throw new RangeError(`no room for ${length} bytes at ${at} of ${this.#bytes.length}`);
    }
    this.#at += length;
    return at;
  }
}

/** How many bytes {@linkcode Writer.varint} takes for `value`. */
export function varintLength(value: number): number {
  if (value < 251) return 1;
  if (value < 2 ** 16) return 3;
  return value < 2 ** 32 ? 5 : 9;
}
