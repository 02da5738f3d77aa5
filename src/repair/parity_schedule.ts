/**
 * Turns "so much parity over these frames" into single parity frames with their instants.
 *
 * @module
 */
import type { ParityMix } from "../fec/redundancy.ts";
import { ParityQueue, type PlannedParity } from "./parity_queue.ts";

// Tuning.

/** Parity frames of overlapping runs are numbered round this, so that no two equations are alike. */
const WINDOW_INDICES = 8;

/** Rounding may take so much of a whole frame. */
const ROUNDING = 1e-9;

/** Parity that may be saved up: as many frames as the queue takes. */
const MOST_EARNED = 128;

/** Data frames in a row. */
export interface Stretch {
  /** The number of the first. */
  readonly start: number;
  /** How many. */
  readonly count: number;
}

/** The parity of one session that is still to be sent. */
export class ParitySchedule {
  readonly #queue = new ParityQueue();
  #dither = 0;
  #thinned = 0;
  #account = 0;
  #windowIndex = 0;
  #share = 1;
  #gap = 0;
  #earned = 0;
  readonly #overhead: number;

  /** @param overhead Parity frames for each data frame, at the most. */
  constructor(overhead: number) {
    this.#overhead = overhead;
  }

  /** When the next parity frame is due. */
  get deadline(): number {
    return this.#queue.deadline;
  }

  /** The part of the parity that may leave at all, 0 to 1. */
  get share(): number {
    return this.#share;
  }

  set share(share: number) {
    this.#share = share;
  }

  /** Time between parity frames that nothing forces closer together, ms. */
  set gap(gap: number) {
    this.#gap = gap;
  }

  /** A data frame has left: it earns what parity there may be, whoever asks for it. */
  onFrameSent(): void {
    this.#earned = Math.min(MOST_EARNED, this.#earned + this.#overhead);
  }

  /** Takes the next parity frame that is due. */
  pop(now: number): PlannedParity | undefined {
    return this.#queue.pop(now);
  }

  /**
   * Parity for a run of its own.
   *
   * @param spacing Time between so many parity frames, ms; the first leaves so long after `from`.
   */
  addRun(
    { start, count }: Stretch,
    mix: ParityMix,
    from: number,
    spacing: (parityCount: number) => number,
  ): void {
    const parityCount = Math.min(this.#thin(this.#draw(mix)), Math.floor(this.#earned));
    this.#earned -= parityCount;
    const apart = spacing(parityCount);
    const gap = Math.min(apart, this.#gap);
    for (let parityIndex = 0; parityIndex < parityCount; parityIndex++) {
      const dueAt = from + apart * (parityIndex + 1);
      this.#queue.push({
        runStart: start,
        dataCount: count,
        parityCount,
        parityIndex,
        dueAt,
        gap,
      });
    }
  }

  /**
   * A frame's worth of parity over the window that ends with it.
   *
   * @param level Parity frames for each data frame.
   */
  addToWindow({ start, count }: Stretch, level: number, now: number): void {
    const gap = this.#gap;
    this.#account += level * this.#share;
    for (let sent = 1; this.#account >= 1 - ROUNDING; sent++) {
      this.#account -= 1;
      if (this.#earned < 1) continue;
      this.#earned -= 1;
      this.#windowIndex = (this.#windowIndex + 1) % WINDOW_INDICES;
      this.#queue.push({
        runStart: start,
        dataCount: count,
        parityCount: WINDOW_INDICES,
        parityIndex: this.#windowIndex,
        dueAt: now + gap * sent,
        gap,
      });
    }
  }

  /** Takes the larger count as often as the mix says, evenly. */
  #draw({ low, high, share }: ParityMix): number {
    this.#dither += share;
    if (this.#dither < 1 - ROUNDING) return low;
    this.#dither -= 1;
    return high;
  }

  #thin(parityCount: number): number {
    if (this.#share >= 1) return parityCount;
    const allowed = parityCount * this.#share + this.#thinned;
    const whole = Math.floor(allowed + ROUNDING);
    this.#thinned = allowed - whole;
    return whole;
  }
}
