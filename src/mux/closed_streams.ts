/**
 * Remembers streams that have ended, for as long as something of them may still be under way.
 *
 * A late packet of a dead stream must not open it anew, and an end that is repeated because our
 * answer was lost must be answered again. An id is not used again while it stands here: the original
 * keeps dead ids for up to 90 s and answers for them.
 *
 * @module
 */

// Tuning.

/** How long an id rests, ms: the original's 90 s, and a lifetime of packets besides. */
const QUARANTINE = 120_000;

interface Closed {
  readonly until: number;
  /** The sequence of the other side's end, when the stream was closed by ends. */
  readonly end: number | undefined;
}

/** The ended streams of one session. There are 65,536 ids, so it is bounded by itself. */
export class ClosedStreams {
  /** Oldest first: a Map keeps the order of insertion. */
  readonly #closed = new Map<number, Closed>();

  /** Whether the id rests. */
  has(id: number, now: number): boolean {
    this.#expire(now);
    return this.#closed.has(id);
  }

  /** The sequence of the other side's end, if the stream was closed by ends. */
  endOf(id: number, now: number): number | undefined {
    this.#expire(now);
    return this.#closed.get(id)?.end;
  }

  /** A stream has ended. */
  add(id: number, end: number | undefined, now: number): void {
    this.#closed.delete(id);
    this.#closed.set(id, { until: now + QUARANTINE, end });
    this.#expire(now);
  }

  #expire(now: number): void {
    for (const [id, closed] of this.#closed) {
      if (closed.until > now) return;
      this.#closed.delete(id);
    }
  }
}
