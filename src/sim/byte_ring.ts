/**
 * Bytes of a stream by their place in it, as many at a time as the ring is long.
 *
 * @module
 */

/** A ring. What is written to a place stands there until a place one ring further is written to. */
export class ByteRing {
  readonly #bytes: Uint8Array;

  /** @param size How many bytes it holds. */
  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  /** How many bytes it holds. */
  get size(): number {
    return this.#bytes.length;
  }

  /** Writes bytes to a place. There must be no more of them than the ring holds. */
  write(place: number, bytes: Uint8Array): void {
    const at = place % this.size;
    const first = Math.min(bytes.length, this.size - at);
    this.#bytes.set(bytes.subarray(0, first), at);
    this.#bytes.set(bytes.subarray(first), 0);
  }

  /** Reads a copy of what stands at a place. */
  read(place: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    const at = place % this.size;
    const first = Math.min(length, this.size - at);
    copy.set(this.#bytes.subarray(at, at + first), 0);
    copy.set(this.#bytes.subarray(0, length - first), first);
    return copy;
  }
}
