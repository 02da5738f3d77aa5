/**
 * Parity frames on their way out: spaced in time, bounded, and dropped when they come too late.
 *
 * @module
 */

// Tuning.

/** Parity frames that may wait: the most that two runs have. */
const MOST_WAITING = 128;

/** When a timer came late, what has piled up leaves at this part of its spacing. */
const CATCH_UP = 1 / 2;

/** What is so late, ms, waits for nothing: timers are as coarse as that. */
const LATE = 0.5;

/** What is later than this, ms, would come too late: the event loop stood still, or the machine slept. */
const TOO_LATE = 100;

/** A parity frame that will be made when it leaves. */
export interface PlannedParity {
  readonly runStart: number;
  readonly dataCount: number;
  readonly parityCount: number;
  readonly parityIndex: number;
  /** When it should leave, ms. */
  readonly dueAt: number;
  /** Least time to the one before, ms. */
  readonly gap: number;
}

/** The queue of one session, in order of the instants that frames are due. */
export class ParityQueue {
  readonly #waiting: PlannedParity[] = [];
  #leftAt = -Infinity;
  #dropped = 0;

  /** When the next one may leave; `Infinity` when there is none. */
  get deadline(): number {
    const next = this.#waiting[0];
    if (next === undefined) return Infinity;
    const apart = this.#leftAt + next.gap * CATCH_UP;
    return Math.max(next.dueAt, Math.min(apart, next.dueAt + LATE));
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Frames for which there was no room, or that would have come too late. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds one. */
  push(planned: PlannedParity): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped++;
      return;
    }
    let place = this.#waiting.length;
    while (place > 0 && this.#waiting[place - 1]!.dueAt > planned.dueAt) place--;
    this.#waiting.splice(place, 0, planned);
  }

  /** Takes the next one that is due. */
  pop(now: number): PlannedParity | undefined {
    while (this.#waiting.length > 0 && now > this.#waiting[0]!.dueAt + TOO_LATE) {
      this.#waiting.shift();
      this.#dropped++;
    }
    if (now < this.deadline) return undefined;
    this.#leftAt = now;
    return this.#waiting.shift();
  }
}
