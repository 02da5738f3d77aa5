/**
 * What the streams of one session may hold, and what they have taken in.
 *
 * @module
 */
import { ByteBudget } from "../byte_budget.ts";

// Tuning.

/** Bytes that one stream may hold: at 100 Mbit/s, 50 ms and 20 % loss the span reaches 4.3 MB. */
const STREAM_BYTES = 8 * 2 ** 20;

/** Bytes that one session may hold: four streams like that. */
export const SESSION_BYTES: number = 32 * 2 ** 20;

/**
 * What a stream costs whether it holds anything or not: up to 4.7 KB of its own, as measured, and the
 * segment that a waiting reader is always given.
 */
const STREAM_COST = 6 * 2 ** 10;

/** Settings of a {@linkcode ReceiveBudget}. */
export interface ReceiveBudgetOptions {
  /** What the session may hold, of which others take too; by default 32 MiB for the streams alone. */
  readonly bytes?: ByteBudget;
  /** Bytes that one stream may hold; 8 MiB by default. */
  readonly mostOfStream?: number;
}

/** What the streams of one session may hold together. */
export class ReceiveBudget {
  /** Bytes that one stream may hold. */
  readonly mostOfStream: number;
  readonly #bytes: ByteBudget;
  #accepted = 0;
  #refused = 0;

  constructor({ bytes, mostOfStream = STREAM_BYTES }: ReceiveBudgetOptions = {}) {
    this.#bytes = bytes ?? new ByteBudget(SESSION_BYTES);
    this.mostOfStream = mostOfStream;
  }

  /** Payload bytes that were accepted since the start, each once. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Segments for which there was no room. */
  get refused(): number {
    return this.#refused;
  }

  /** Bytes still free. */
  get free(): number {
    return this.#bytes.free;
  }

  /** So many payload bytes were accepted. */
  onAccepted(bytes: number): void {
    this.#accepted += bytes;
  }

  /** There was no room for a segment, which wanted so many bytes to be free. */
  onRefused(wanted: number): void {
    this.#refused++;
    this.#bytes.refuse(wanted);
  }

  /** Takes bytes, or gives them back when negative. */
  use(bytes: number): void {
    this.#bytes.use(bytes);
  }

  /** Whether there is room for another stream; if not, it counts as refused. */
  hasRoomForStream(): boolean {
    if (STREAM_COST <= this.#bytes.free) return true;
    this.#bytes.refuse(STREAM_COST);
    return false;
  }

  /** A stream was opened, by either side. */
  onStreamOpened(): void {
    this.use(STREAM_COST);
  }

  /** It is no more. */
  onStreamClosed(): void {
    this.use(-STREAM_COST);
  }
}
