/**
 * How long a missing segment is waited for before it counts as lost.
 *
 * On a path that keeps order, three later frames are enough (RFC 9002, section 6.1.1). When a
 * retransmission proves needless, the path does not keep order: then only time counts, and the
 * patience grows by an eighth of a round trip, once a round (RFC 8985, section 6.2). It shrinks
 * again when nothing needless has happened for a while.
 *
 * @module
 */

// Tuning.

/** Frames that must have arrived above a missing one: RFC 9002, section 6.1.1. */
const REORDERING_THRESHOLD = 3;

/**
 * One step, as a part of the least round trip, and in ms at the least: on short paths the scheduling
 * of the other side's tasks reorders more than the path does.
 */
const STEP = 1 / 8;
const LEAST_STEP = 1;

/** The most, as a part of the least round trip, and in ms at the least. */
const MOST = 1 / 2;
const LEAST_MOST = 8;

/** Rounds without a needless retransmission after which it shrinks by a step. */
const CLEAN_ROUNDS = 16;

/** The patience of one session. Times in ms. */
export class ReorderingPatience {
  #patience = 0;
  #grownInRound = -1;
  #cleanRounds = 0;

  /**
   * Whether a frame is to be taken as lost.
   *
   * @param framesAbove How far the highest frame that arrived lies above it.
   * @param age How much earlier it left than that frame.
   * @param leastRtt The least round trip.
   */
  isLost(framesAbove: number, age: number, leastRtt: number): boolean {
    if (this.#patience > 0) return age > this.#patience;
    return framesAbove >= REORDERING_THRESHOLD || age > step(leastRtt);
  }

  /** What to grant a frame that is judged by the clock alone. */
  grace(leastRtt: number): number {
    return Math.max(this.#patience, step(leastRtt));
  }

  /** A retransmission was needless. */
  onNeedless(round: number, leastRtt: number): void {
    this.#cleanRounds = 0;
    if (this.#grownInRound === round) return;
    this.#grownInRound = round;
    const most = Math.max(LEAST_MOST, leastRtt * MOST);
    this.#patience = Math.min(most, this.#patience + step(leastRtt));
  }

  /** A round has ended. */
  onRound(leastRtt: number): void {
    if (++this.#cleanRounds <= CLEAN_ROUNDS) return;
    this.#cleanRounds = 0;
    this.#patience = Math.max(0, this.#patience - step(leastRtt));
  }
}

function step(leastRtt: number): number {
  return Math.max(LEAST_STEP, leastRtt * STEP);
}
