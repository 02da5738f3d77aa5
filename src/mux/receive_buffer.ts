/**
 * The receiving half of a stream: puts segments in order, and holds what is not read yet.
 *
 * What it holds is paid for from the budgets of the stream, the session and the process, of which a
 * stream gets no more than it leaves to the others: so readers that have stopped never use up all of
 * it. A segment that does not fit is refused, which to the sender looks like a loss without a trace in
 * the counters; but the one that a waiting reader needs next is always taken: there is one of these a
 * stream, and it is paid for with the stream. Towards a peer that understands it the limit is told:
 * the first sequence number that would be refused.
 *
 * @module
 */
import type { ReceiveBudget } from "./receive_budget.ts";
import { ByteQueue } from "./byte_queue.ts";

// Tuning.

/** What a segment that waits out of order costs besides its bytes: a view and an entry in a map. */
const SEGMENT_COST = 128;

/** A full segment: the unit in which room is told to the sender. */
const FULL_SEGMENT = 1330 + SEGMENT_COST;

/** The part of the budget that must have come free before the sender is told without being asked. */
const WORTH_TELLING = 1 / 4;

/** What became of a segment. */
export type Insertion = "accepted" | "duplicate" | "refused";

/** The receiving half of one stream. */
export class ReceiveBuffer {
  readonly #budget: ReceiveBudget;
  readonly #ready = new ByteQueue();
  /** What waits for a missing segment; there is none before the first: streams are many. */
  #waiting: Map<number, Uint8Array> | undefined;
  #used = 0;
  #next = 0;
  #limit = 0;
  #end = Infinity;
  #isDiscarding = false;

  /** @param budget Shared by the streams of a session. */
  constructor(budget: ReceiveBudget) {
    this.#budget = budget;
    this.#limit = this.#roomFor();
  }

  /** The lowest segment that has not come yet. */
  get next(): number {
    return this.#next;
  }

  /** Bytes that can be read now. */
  get readable(): number {
    return this.#ready.length;
  }

  /** Whether something has come whose predecessors are missing. */
  get hasHoles(): boolean {
    return this.#waitingCount > 0;
  }

  /** Whether everything up to the sender's end has come. */
  get isComplete(): boolean {
    return this.#next >= this.#end;
  }

  /** The sender's end, as it told: the sequence after its last segment; Infinity: not told. */
  get end(): number {
    return this.#end;
  }

  /** Takes a segment. `payload` is copied. */
  insert(sequence: number, payload: Uint8Array): Insertion {
    if (sequence < this.#next || this.#waiting?.has(sequence)) return "duplicate";
    if (sequence >= this.#end) return "refused";
    const cost = payload.length + (sequence === this.#next ? 0 : SEGMENT_COST);
    const isAwaited = sequence === this.#next && this.#ready.length === 0;
    if (!isAwaited && (sequence >= this.#limit || cost > this.#free)) {
      this.#budget.onRefused(cost + this.#used);
      return "refused";
    }
    this.#budget.onAccepted(payload.length);
    if (sequence > this.#next) {
      this.#use(cost);
      this.#waiting ??= new Map();
      this.#waiting.set(sequence, payload.slice());
      return "accepted";
    }
    this.#deliver(payload);
    this.#next++;
    for (;;) {
      const waiting = this.#waiting?.get(this.#next);
      if (waiting === undefined) break;
      this.#waiting?.delete(this.#next++);
      this.#use(-waiting.length - SEGMENT_COST);
      this.#deliver(waiting);
    }
    return "accepted";
  }

  /**
   * The sender says where its stream ends.
   *
   * @returns `false` when that contradicts what it said or sent before.
   */
  setEnd(sequence: number): boolean {
    if (this.#end !== Infinity) return sequence === this.#end;
    if (sequence < this.#next) return false;
    for (const waiting of this.#waiting?.keys() ?? []) {
      if (waiting >= sequence) return false;
    }
    this.#end = sequence;
    return true;
  }

  /** Moves what has been received into `into`; returns how many bytes. */
  read(into: Uint8Array): number {
    const count = this.#ready.read(into);
    this.#use(-count);
    return count;
  }

  /** Nobody reads any more: what has come and what comes is dropped, but taken. */
  discard(): void {
    this.#isDiscarding = true;
    this.#use(-this.#ready.length);
    this.#ready.clear();
  }

  /** Nothing more comes: what waits for a missing segment is dropped. */
  cut(): void {
    this.#waiting = undefined;
    this.#use(this.#ready.length - this.#used);
  }

  /** Gives everything back. */
  release(): void {
    this.#ready.clear();
    this.cut();
  }

  /** The first segment that would be refused now. Never goes back. */
  raiseLimit(): number {
    this.#limit = Math.max(this.#limit, this.#next + this.#waitingCount + this.#roomFor());
    return this.#limit;
  }

  /** Whether so much has been read since the limit was told that the sender should know. */
  get isLimitWorthTelling(): boolean {
    const room = this.#next + this.#waitingCount + this.#roomFor();
    return (room - this.#limit) * FULL_SEGMENT >= WORTH_TELLING * this.#budget.mostOfStream;
  }

  #deliver(payload: Uint8Array): void {
    if (this.#isDiscarding) return;
    this.#use(payload.length);
    this.#ready.append(payload);
  }

  #use(bytes: number): void {
    this.#used += bytes;
    this.#budget.use(bytes);
  }

  get #waitingCount(): number {
    return this.#waiting?.size ?? 0;
  }

  /** Bytes that the stream may still take. */
  get #free(): number {
    return Math.min(this.#budget.mostOfStream, this.#budget.free) - this.#used;
  }

  /** The same in full segments; a reader that waits can always have one. */
  #roomFor(): number {
    const least = this.#ready.length === 0 ? 1 : 0;
    return Math.max(least, Math.floor(this.#free / FULL_SEGMENT));
  }
}
