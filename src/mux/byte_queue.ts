/**
 * Bytes in order, in at one end and out at the other.
 *
 * They are copied once into blocks of memory that grow with what waits: an empty queue holds none, a
 * busy one blocks of 64 kilobytes. A block is filled once, so views on bytes that have left the queue
 * stay valid until their owner says that none of them is needed any more. Then others may use it.
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

/** Bytes in blocks of one size that wait for the next queue to need one: bursts then make none. */
const MOST_SPARE = 4 * MOST_BLOCK;

/** By size, of those that come back; shared by all queues: what is not filled is never read. */
const spare = new Map<number, Uint8Array[]>();
for (let size = LEAST_BLOCK; size < MOST_BLOCK; size *= 2) spare.set(size, []);
spare.set(MOST_BLOCK, []);

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

  /**
   * Moves bytes from the front into `into`, as many as there are or fit, and returns how many. For
   * queues of which no views are taken.
   */
  read(into: Uint8Array): number {
    let at = 0;
    for (let block = this.#blocks[0]; block && at < into.length; block = this.#blocks[0]) {
      const end = Math.min(block.end, block.start + into.length - at);
      into.set(block.bytes.subarray(block.start, end), at);
      at += end - block.start;
      block.start = end;
      if (end < block.end) break;
      this.#blocks.shift();
      giveBack(block);
    }
    this.#length -= at;
    // So that never more is held than twice what waits, however much has come before.
    if (this.#length === 0) this.#nextBlock = LEAST_BLOCK;
    return at;
  }

  /** The queue may be empty, and if it is none of the views that were taken is needed any more. */
  onDelivered(): void {
    if (this.#length > 0) return;
    // Many small writes leave fewer short rests in a large block; but they may have ended.
    this.#nextBlock = Math.max(LEAST_BLOCK, this.#nextBlock / 2);
    for (const block of this.#blocks.splice(0)) giveBack(block);
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
    const bytes = spare.get(size)?.pop() ?? new Uint8Array(size);
    const block = { bytes, start: 0, end: 0 };
    this.#blocks.push(block);
    return block;
  }
}

function giveBack({ bytes }: Block): void {
  const blocks = spare.get(bytes.length);
  if (blocks !== undefined && blocks.length * bytes.length < MOST_SPARE) blocks.push(bytes);
}

const NOTHING = new Uint8Array(0);
