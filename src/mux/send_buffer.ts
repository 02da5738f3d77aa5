/**
 * The sending half of a stream: cuts what is written into segments, and keeps them until they are
 * acknowledged.
 *
 * Bytes become a segment when the segment is first sent and not before, so that many small writes
 * that have to wait leave as one. The end of the stream is a segment of its own, for peers that
 * understand it.
 *
 * @module
 */
import { ByteQueue } from "./byte_queue.ts";
import type { Segment, SegmentOwner } from "./segment.ts";

// Tuning.

/** Bytes that may wait to be sent for the first time; more is left with the writer. */
export const MOST_UNSENT = 256 * 1024;

/**
 * Segments between the first and the last unacknowledged one, at the most. A receiver of the
 * original takes 20,000 and its sender keeps 10,000.
 */
const MOST_SPAN = 8_192;

/** The sending half of one stream. */
export class SendBuffer {
  readonly #owner: SegmentOwner;
  readonly #unsent = new ByteQueue();
  /** Segments from `#first` on, of which the first `#head` slots are used up. */
  #segments: Segment[] = [];
  #head = 0;
  #first = 0;
  #next = 0;
  #limit = Infinity;
  #isFinished = false;
  #finSequence = -1;

  /** @param owner The stream, as the recovery knows it. */
  constructor(owner: SegmentOwner) {
    this.#owner = owner;
  }

  /** The lowest segment that is not acknowledged. */
  get first(): number {
    return this.#first;
  }

  /** The number of the segment that would be cut next. */
  get next(): number {
    return this.#next;
  }

  /** Bytes not yet sent. */
  get unsent(): number {
    return this.#unsent.length;
  }

  /** Bytes that may be written now. */
  get room(): number {
    return this.#isFinished ? 0 : MOST_UNSENT - this.#unsent.length;
  }

  /** Whether the writer has ended. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Whether all that was written is acknowledged; the end itself need not be. */
  get isDelivered(): boolean {
    return this.#unsent.length === 0 &&
      (this.#first === this.#next || this.#first === this.#finSequence);
  }

  /** Whether the end is acknowledged too. */
  get isFinAcked(): boolean {
    return this.#finSequence >= 0 && this.#first > this.#finSequence;
  }

  /** Takes a copy of as much as there is room for; returns how much. */
  append(bytes: Uint8Array): number {
    const count = Math.max(0, Math.min(bytes.length, this.room));
    if (count > 0) this.#unsent.append(count === bytes.length ? bytes : bytes.subarray(0, count));
    return count;
  }

  /** No more will be written. */
  finish(): void {
    this.#isFinished = true;
  }

  /** The other side refuses segments from this number on; returns whether it said less before. */
  setLimit(limit: number): boolean {
    const rises = limit > this.#limit;
    if (rises || this.#limit === Infinity) this.#limit = limit;
    return rises;
  }

  /** Whether the other side's limit alone keeps something from being sent. */
  get isBlocked(): boolean {
    return this.#unsent.length > 0 && this.#next >= this.#limit;
  }

  /** Whether {@linkcode cut} would give something. */
  hasNext(withFin: boolean): boolean {
    if (this.#next - this.#first >= MOST_SPAN) return false;
    if (this.#unsent.length > 0) return this.#next < this.#limit;
    return withFin && this.#isFinished && this.#finSequence < 0;
  }

  /**
   * Cuts the next segment.
   *
   * @param most Payload bytes at the most.
   * @param withFin Whether the other side understands the end.
   * @param isProbe Whether the limit may be overstepped, to learn whether it still stands.
   */
  cut(most: number, withFin: boolean, isProbe = false): Segment | undefined {
    if (!this.hasNext(withFin) && !(isProbe && this.isBlocked)) return undefined;
    const isFin = this.#unsent.length === 0;
    const segment: Segment = {
      owner: this.#owner,
      sequence: this.#next++,
      kind: isFin ? "fin" : "data",
      payload: this.#unsent.take(most),
      transmissions: 0,
      lastFrame: -1,
      acked: false,
      queued: false,
    };
    if (isFin) this.#finSequence = segment.sequence;
    this.#segments.push(segment);
    return segment;
  }

  /** The segment of that number, while it is kept. */
  segmentAt(sequence: number): Segment | undefined {
    return sequence < this.#first ? undefined : this.#segments[this.#head + sequence - this.#first];
  }

  /** The segments that are not acknowledged, oldest first. */
  *unacknowledged(): Generator<Segment> {
    for (let i = this.#head; i < this.#segments.length; i++) {
      const segment = this.#segments[i]!;
      if (!segment.acked) yield segment;
    }
  }

  /** Lets go of what is acknowledged at the front. */
  advance(): void {
    while (this.#segments[this.#head]?.acked) {
      this.#head++;
      this.#first++;
    }
    // What is acknowledged is never sent again.
    if (this.#first === this.#next) this.#unsent.onDelivered();
    // Copying the rest costs less than the slots freed: each is moved at most once per doubling.
    if (this.#head > 64 && this.#head * 2 > this.#segments.length) {
      this.#segments = this.#segments.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Drops everything. */
  release(): void {
    this.#unsent.clear();
    this.#segments = [];
    this.#head = 0;
    this.#first = this.#next;
    this.#isFinished = true;
  }
}
