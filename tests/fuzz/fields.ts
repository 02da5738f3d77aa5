/**
 * Writes the fields of a packet, one of which may be twisted: another value than an honest sender's,
 * around it or at a border of what numbers can be.
 */
import type { Draw } from "./draw.ts";

/** Stands for 2^64-1, which is no number here. */
const ALL_ONES = -1;

/** Where numbers change their spelling, their type or their mind. */
const BORDERS: readonly number[] = [
  0,
  1,
  250,
  251,
  2 ** 16 - 1,
  2 ** 16,
  2 ** 32 - 1,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  ALL_ONES,
];

/** How far from the honest value limits of the wire lie. */
const DISTANCES: readonly number[] = [
  1,
  2,
  3,
  63,
  64,
  65,
  255,
  256,
  257,
  4_096,
  10_000,
  20_000,
  2 ** 24,
];

/** Fields in a buffer that is used again and again. */
export class Fields {
  readonly #draw: Draw;
  readonly #memory = new Uint8Array(8_192);
  #length = 0;
  /** How many numbers are still written as they are; then one is twisted. */
  #untilTwist = Infinity;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  /** What has been written: a view, good until {@linkcode begin}. */
  get written(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** Starts anew; the number that comes after so many others is twisted. */
  begin(untilTwist = Infinity): void {
    this.#length = 0;
    this.#untilTwist = untilTwist;
  }

  /** Cuts it off. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  bytes(bytes: Uint8Array): void {
    this.#memory.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** So many bytes of anything. */
  noise(length: number): void {
    this.#draw.fill(this.#memory.subarray(this.#length, this.#length + length));
    this.#length += length;
  }

  /** So many times that byte. */
  repeat(byte: number, length: number): void {
    this.#memory.fill(byte, this.#length, this.#length + length);
    this.#length += length;
  }

  u8(value: number): void {
    this.#fixed(this.#twisted(value), 1);
  }

  u16(value: number): void {
    this.#fixed(this.#twisted(value), 2);
  }

  u32(value: number): void {
    this.#fixed(this.#twisted(value), 4);
  }

  u64(value: number): number {
    const written = this.#twisted(value);
    this.#fixed(written, 8);
    return written;
  }

  /** @returns What was written in its place; below 0: no number. */
  varint(honest: number): number {
    const isTwisted = this.#untilTwist === 0;
    const value = this.#twisted(honest);
    if (isTwisted && this.#draw.happens(0.1)) {
      this.#memory[this.#length++] = this.#draw.between(251, 255);
      return ALL_ONES;
    }
    // A longer spelling than the value needs is no mistake.
    const isLong = isTwisted && this.#draw.happens(0.2);
    if (value < 0 || value >= 2 ** 32 || isLong) this.#marked(253, value, 8);
    else if (value >= 2 ** 16) this.#marked(252, value, 4);
    else if (value >= 251) this.#marked(251, value, 2);
    else this.#memory[this.#length++] = value;
    return value;
  }

  #marked(marker: number, value: number, size: number): void {
    this.#memory[this.#length++] = marker;
    this.#fixed(value, size);
  }

  /** What does not fit is cut off. */
  #fixed(value: number, size: number): void {
    const memory = this.#memory;
    let at = this.#length;
    this.#length += size;
    if (value < 0) {
      memory.fill(255, at, at + size);
      return;
    }
    let low = value % 2 ** 32;
    for (let i = 0; i < size; i++, at++) {
      if (i === 4) low = Math.floor(value / 2 ** 32);
      memory[at] = low;
      low >>>= 8;
    }
  }

  #twisted(value: number): number {
    if (this.#untilTwist-- !== 0) return value;
    const draw = this.#draw;
    if (draw.happens(0.5)) return draw.of(BORDERS);
    const distance = draw.of(DISTANCES);
    return Math.max(0, draw.happens(0.5) ? value - distance : value + distance);
  }
}
