/**
 * Segments and their owners, for tests of what handles them.
 */
import { RefusalDetector } from "../../src/mux/refusal.ts";
import type { Segment, SegmentOwner } from "../../src/mux/segment.ts";

/** A stream, as far as the recovery knows it. */
export function segmentOwner(id = 0): SegmentOwner {
  return { id, refusal: new RefusalDetector(), oldestFrame: -1, newestFrame: -1 };
}

/** A segment that has not been sent yet. */
export function segment(sequence: number, owner = segmentOwner()): Segment {
  return {
    owner,
    sequence,
    kind: "data",
    payload: new Uint8Array(0),
    transmissions: 0,
    lastFrame: -1,
    acked: false,
    queued: false,
  };
}
