/**
 * A fingerprint of a whole run.
 *
 * @module
 */
import type { Address } from "../address.ts";

/** Mixes numbers and bytes into 64 bits; no cryptography. Equal runs have equal hashes. */
export class TraceHash {
  #first = 0x811c9dc5;
  #second = 0x2545f491;
  readonly #float = new Float64Array(1);
  readonly #words = new Int32Array(this.#float.buffer);

  /** Adds a number, all of its bits. */
  addNumber(value: number): void {
    this.#float[0] = value;
    this.#add(this.#words[0]!);
    this.#add(this.#words[1]!);
  }

  /** Adds an address. */
  addAddress({ hostname, port }: Address): void {
    for (let i = 0; i < hostname.length; i++) this.#add(hostname.charCodeAt(i));
    this.#add(port);
  }

  /** Adds bytes, and how many there are. */
  addBytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#add(length);
    let first = this.#first;
    let second = this.#second;
    const whole = length & ~3;
    // What a link delivers is aligned; words are read four times as fast as their bytes.
    const { buffer, byteOffset } = (bytes.byteOffset & 3) === 0 ? bytes : bytes.slice();
    const words = new Int32Array(buffer, byteOffset, whole >>> 2);
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      first = Math.imul(first ^ word, 0x01000193);
      first ^= first >>> 15;
      second = Math.imul(second + word, 0x85ebca6b);
      second ^= second >>> 13;
    }
    this.#first = first;
    this.#second = second;
    for (let i = whole; i < length; i++) this.#add(bytes[i]!);
  }

  /** The hash so far: 16 digits. */
  toString(): string {
    return hex(this.#first) + hex(this.#second);
  }

  #add(word: number): void {
    this.#first = Math.imul(this.#first ^ word, 0x01000193);
    this.#first ^= this.#first >>> 15;
    this.#second = Math.imul(this.#second + word, 0x85ebca6b);
    this.#second ^= this.#second >>> 13;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
