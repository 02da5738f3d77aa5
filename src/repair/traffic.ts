/**
 * How frames leave: how often, how many of them want repair, how long they are.
 *
 * @module
 */

// Tuning.

/** The weight of a new frame in the averages: some thirty frames are remembered. */
const WEIGHT = 1 / 32;

/** A longer pause is the end of a burst, and says nothing of the rate, ms. */
const PAUSE = 250;

/** Before two frames have left: that of voice, ms. */
const FIRST_INTERVAL = 20;

/** Frames that may leave at the same instant count as so far apart, ms. */
const LEAST_INTERVAL = 0.02;

/** How long a message's tolerance is remembered after the last one like it, in frames. */
const TOLERANCE_MEMORY = 64;

/** Averages over the frames of one session. Times in ms. */
export class Traffic {
  #interval = FIRST_INTERVAL;
  #sentAt = -Infinity;
  #frames = 0;
  #protectedShare = 1;
  #protectedLength = 0;
  #length = 0;
  #tolerance = Infinity;
  #toleranceAt = 0;
  #nextTolerance = Infinity;

  /** Mean time between frames; pauses do not count. */
  get interval(): number {
    return Math.max(LEAST_INTERVAL, this.#interval);
  }

  /** Frames a ms. */
  get rate(): number {
    return 1 / this.interval;
  }

  /** The share of frames that are to be repaired. */
  get protectedShare(): number {
    return this.#protectedShare;
  }

  /** Mean length of a frame that is to be repaired, in parts of the longest frame around. */
  get relativeLength(): number {
    return this.#length > 0 ? Math.min(1, this.#protectedLength / this.#length) : 1;
  }

  /** After how long the most impatient message of late is of no use any more. */
  get tolerance(): number {
    return Math.min(this.#tolerance, this.#nextTolerance);
  }

  /** @param maxAge 0 when it is not to be repaired. */
  onSent(length: number, maxAge: number, now: number): void {
    const interval = now - this.#sentAt;
    this.#sentAt = now;
    this.#frames++;
    // The first frames weigh more, or the start would be remembered for long.
    const weight = Math.max(WEIGHT, 1 / this.#frames);
    if (interval < PAUSE) this.#interval += (interval - this.#interval) * weight;
    this.#length = Math.max(length, this.#length * (1 - WEIGHT));
    const isProtected = maxAge > 0;
    this.#protectedShare += ((isProtected ? 1 : 0) - this.#protectedShare) * weight;
    if (!isProtected) return;
    this.#protectedLength += (length - this.#protectedLength) *
      (this.#protectedLength === 0 ? 1 : WEIGHT);
    this.#nextTolerance = Math.min(this.#nextTolerance, maxAge);
    if (this.#frames - this.#toleranceAt < TOLERANCE_MEMORY) return;
    this.#tolerance = this.#nextTolerance;
    this.#nextTolerance = maxAge;
    this.#toleranceAt = this.#frames;
  }
}
