/**
 * Copies of segments that are sent before anybody knows that the first was lost.
 *
 * They are for when the source has fallen silent: then nothing comes behind that would show a loss,
 * nobody else wants the path, and a whole round trip is saved. Two kinds:
 *
 *  - a retransmission is sent twice, a moment apart;
 *  - the last few segments before the silence, on a path that loses, are all sent once more.
 *
 * For a request and its answer of 10 KB each at 10 % of loss, the 95th percentile falls from 4.6 to
 * 2.5 round trips.
 *
 * @module
 */
import type { Segment } from "./segment.ts";

// Tuning.

/** Between the two copies of a retransmission, ms: most bursts of losses are over by then. */
const RETRANSMISSION_GAP = 3;

/** The tail: so many unacknowledged segments at the most, on a path that loses more than this. */
const MOST_TAIL = 16;
const LEAST_LOSS = 0.02;

/** When the tail is copied: a part of the smoothed round trip, and within these bounds, ms. */
const TAIL_GAP_PART = 1 / 8;
const LEAST_TAIL_GAP = 2;
const MOST_TAIL_GAP = 20;

/** Copies planned at the most: for longer lists the path is busy enough to show losses by itself. */
const MOST_PLANNED = 64;

interface Planned {
  readonly segment: Segment;
  readonly transmissions: number;
  readonly at: number;
}

/** The planned copies of one session. Times in ms. */
export class EarlyCopies {
  #planned: Planned[] = [];
  #tailAt = Infinity;
  /** Frames up to this one belong to a tail that was copied or will be. */
  #tailUpTo = -1;

  /** When {@linkcode isTailDue} or {@linkcode takeDue} may say more than before. */
  get deadline(): number {
    return Math.min(this.#tailAt, this.#planned[0]?.at ?? Infinity);
  }

  /** A segment was sent again, and no new data waits behind it. */
  onRetransmitted(segment: Segment, now: number): void {
    if (this.#planned.length >= MOST_PLANNED) return;
    const { transmissions } = segment;
    this.#planned.push({ segment, transmissions, at: now + RETRANSMISSION_GAP });
  }

  /**
   * There is nothing more to send.
   *
   * @param inFlight Segments in flight.
   * @param newest The newest frame.
   */
  onSilence(
    inFlight: number,
    newest: number,
    lossRate: number,
    smoothedRtt: number,
    now: number,
  ): void {
    if (inFlight === 0 || inFlight > MOST_TAIL || lossRate <= LEAST_LOSS) return;
    if (newest <= this.#tailUpTo) return;
    this.#tailUpTo = newest;
    const gap = Math.min(MOST_TAIL_GAP, Math.max(LEAST_TAIL_GAP, smoothedRtt * TAIL_GAP_PART));
    this.#tailAt = Math.min(this.#tailAt, now + gap);
  }

  /** The last frame of the tail. */
  get tailUpTo(): number {
    return this.#tailUpTo;
  }

  /** Whether the tail is to be copied now: all that is in flight and was sent once. Says so once. */
  isTailDue(now: number): boolean {
    if (now < this.#tailAt) return false;
    this.#tailAt = Infinity;
    return true;
  }

  /** The next segment whose second copy is due. */
  takeDue(now: number): Segment | undefined {
    for (let first = this.#planned[0]; first && first.at <= now; first = this.#planned[0]) {
      this.#planned.shift();
      const { segment, transmissions } = first;
      if (!segment.acked && segment.transmissions === transmissions) return segment;
    }
    return undefined;
  }
}
