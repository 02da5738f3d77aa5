/**
 * Bytes in order, in at one end and out at the other.
 *
 * They are copied once into blocks of memory that grow with the traffic: a quiet stream holds two
 * kilobytes, a busy one blocks of 64. A block is filled once and never used again, so views on
 * bytes that have left the queue stay valid for as long as their owner keeps them.
 *
 * @module
 */

// Tuning.

/** Smallest block, bytes: a request and an answer of a small protocol fit. */
const LEAST_BLOCK = 2 * 1330;

/**
 * Largest block, bytes: 48 full segments, so that views of one segment each leave no short rest.
 * Memory from the allocator costs a microsecond a kilobyte when asked for in packets, and nearly
 * nothing in blocks of this size.
 */
const MOST_BLOCK = 48 * 1330;

interface Block {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
}

/** A first-in, first-out queue of bytes. */
export class ByteQueue {
  readonly #blocks: Block[] = [];
  #length = 0;
  #nextBlock = LEAST_BLOCK;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Adds a copy of `bytes` at the end. */
  append(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const block = this.#blockWithRoom(bytes.length - at);
      const count = Math.min(bytes.length - at, block.bytes.length - block.end);
      block.bytes.set(bytes.subarray(at, at + count), block.end);
      block.end += count;
      at += count;
    }
    this.#length += bytes.length;
  }

  /** Moves bytes from the front into `into`, as many as there are or fit, and returns how many. */
  read(into: Uint8Array): number {
    let at = 0;
    while (at < into.length && this.#length > 0) {
      const view = this.take(into.length - at);
      into.set(view, at);
      at += view.length;
    }
    return at;
  }

  /**
   * Takes up to `most` bytes off the front as one view, without a copy. Fewer may come than are
   * there: a view never spans two blocks. The view is the caller's for good, and read-only.
   */
  take(most: number): Uint8Array {
    const block = this.#blocks[0];
    if (block === undefined) return NOTHING;
    const start = block.start;
    block.start = Math.min(block.end, start + most);
    this.#length -= block.start - start;
    if (
      block.start === block.end && (this.#blocks.length > 1 || block.end === block.bytes.length)
    ) {
      // A queue never holds more than its owner's budget: some hundred blocks.
      this.#blocks.shift();
    }
    return block.bytes.subarray(start, block.start);
  }

  /** Drops everything. */
  clear(): void {
    this.#blocks.length = 0;
    this.#length = 0;
  }

  #blockWithRoom(wanted: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.end < last.bytes.length) return last;
    const size = Math.min(MOST_BLOCK, Math.max(this.#nextBlock, wanted));
    this.#nextBlock = Math.min(MOST_BLOCK, size * 2);
    const block = { bytes: new Uint8Array(size), start: 0, end: 0 };
    this.#blocks.push(block);
    return block;
  }
}

const NOTHING = new Uint8Array(0);
