/**
 * One numbered piece of a stream, from its first transmission until it is acknowledged.
 *
 * @module
 */
import type { RefusalDetector } from "./refusal.ts";

/** What the recovery must know of the stream that a segment belongs to. */
export interface SegmentOwner {
  /** The stream's id. */
  readonly id: number;
  /** Whether its reader over there is full. */
  readonly refusal: RefusalDetector;
  /** Number of the oldest frame that carried a segment of the stream and is undecided; -1: none. */
  oldestFrame: number;
  /** Number of the newest such frame. */
  newestFrame: number;
}

/** A piece of a stream that has been sent at least once. */
export interface Segment {
  /** The stream that it belongs to. */
  readonly owner: SegmentOwner;
  /** Its number in the stream. */
  readonly sequence: number;
  /** What it carries; the end of a stream is a segment too, and carries nothing. */
  readonly kind: "data" | "fin";
  /** The bytes, until it is acknowledged: a gap below may keep it for long after that. */
  payload: Uint8Array;
  /** How often it was sent. */
  transmissions: number;
  /** The frame that carried it last. */
  lastFrame: number;
  /** Whether the other side has it, or nobody waits for that any more. */
  acked: boolean;
  /** Whether it waits to be sent again. */
  queued: boolean;
}
