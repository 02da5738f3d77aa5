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

/**
 * Ids whose memory is paid for together: the first ones are part of what a session costs. An id that
 * rests takes 84 bytes, as measured.
 */
const BLOCK = 1_024;
const BLOCK_BYTES: number = 84 * BLOCK;

/** How long ids may rest in vain, ms, until memory is given back: a thousand of them wake us once. */
const GRAIN = 10_000;

interface Closed {
  readonly until: number;
  /** The sequence of the other side's end, when the stream was closed by ends. */
  readonly end: number | undefined;
}

/** The ended streams of one session. There are 65,536 ids, so they are 5.5 MB at the most. */
export class ClosedStreams {
  /** Oldest first: a Map keeps the order of insertion. */
  readonly #closed = new Map<number, Closed>();
  readonly #pay: (bytes: number) => void;
  #paidBlocks = 0;

  /** @param pay Takes so many bytes of what the session may hold, or gives them back when negative. */
  constructor(pay: (bytes: number) => void) {
    this.#pay = pay;
  }

  /** When {@linkcode handleTimeout} wants to be called: never as long as there are few. */
  get deadline(): number {
    if (this.#paidBlocks === 0) return Infinity;
    for (const { until } of this.#closed.values()) return until + GRAIN;
    return Infinity;
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    for (const [id, { until }] of this.#closed) {
      if (until > now) break;
      this.#closed.delete(id);
    }
    const blocks = Math.floor(this.#closed.size / BLOCK);
    if (blocks === this.#paidBlocks) return;
    this.#pay((blocks - this.#paidBlocks) * BLOCK_BYTES);
    this.#paidBlocks = blocks;
  }

  /** Whether the id rests. */
  has(id: number, now: number): boolean {
    this.handleTimeout(now);
    return this.#closed.has(id);
  }

  /** The sequence of the other side's end, if the stream was closed by ends. */
  endOf(id: number, now: number): number | undefined {
    this.handleTimeout(now);
    return this.#closed.get(id)?.end;
  }

  /** A stream has ended. */
  add(id: number, end: number | undefined, now: number): void {
    this.#closed.delete(id);
    this.#closed.set(id, { until: now + QUARANTINE, end });
    this.handleTimeout(now);
  }
}
