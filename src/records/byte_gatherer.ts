/**
 * Collects a known number of bytes that come in pieces of any size.
 *
 * The number may be a stranger's, so memory is taken as bytes come and never ahead of them by more
 * than twice.
 *
 * @module
 */

/** Bytes on their way to being complete. */
export class ByteGatherer {
  readonly #wanted: number;
  #memory = new Uint8Array(0);
  #length = 0;

  /** @param wanted How many bytes make it complete. */
  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  /** Whether all has come. */
  get isComplete(): boolean {
    return this.#length === this.#wanted;
  }

  /** What has come: a view on the gatherer's own memory. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** Takes from the front of `bytes` what is still wanted, and returns how many bytes that were. */
  take(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.#wanted - this.#length);
    this.#reserve(this.#length + count);
    this.#memory.set(bytes.subarray(0, count), this.#length);
    this.#length += count;
    return count;
  }

  #reserve(length: number): void {
    if (length <= this.#memory.length) return;
    const size = Math.min(this.#wanted, Math.max(length, 2 * this.#memory.length));
    const memory = new Uint8Array(size);
    memory.set(this.bytes);
    this.#memory = memory;
  }
}
