/**
 * Segments that wait to be sent again.
 *
 * @module
 */
import type { Segment } from "./segment.ts";

/**
 * A first-in, first-out queue that passes over what has been acknowledged in the meantime. A segment
 * stands in it at most once, so what is unacknowledged bounds it.
 */
export class SegmentQueue {
  #segments: Segment[] = [];
  #head = 0;

  /** Adds a segment at the end. */
  add(segment: Segment): void {
    this.#segments.push(segment);
  }

  /** The first segment, left where it is. */
  peek(): Segment | undefined {
    while (this.#head < this.#segments.length) {
      const segment = this.#segments[this.#head]!;
      if (!segment.acked) return segment;
      this.#head++;
    }
    if (this.#head > 0) {
      this.#segments = [];
      this.#head = 0;
    }
    return undefined;
  }

  /** Takes the first segment out. */
  take(): Segment | undefined {
    const segment = this.peek();
    if (segment === undefined) return undefined;
    this.#head++;
    // Copying the rest costs less than the slots freed.
    if (this.#head > 64 && this.#head * 2 > this.#segments.length) {
      this.#segments = this.#segments.slice(this.#head);
      this.#head = 0;
    }
    return segment;
  }
}
