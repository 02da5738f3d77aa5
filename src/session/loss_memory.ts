/**
 * What is known of a path's loss, from frames of which each is known to have come or not.
 *
 * Frames are counted in buckets of about a tenth of a second, and so are the losses and the bursts
 * in which they came. The rules:
 *
 *  - the rate is the share of the frames in memory that was lost, each counted alike: of some
 *    thirteen seconds, or of two thousand frames where they are rare;
 *  - a *change* forgets: when the newest buckets and those before them can hardly come from the
 *    same path, by the likelihood ratio, the older ones go. This is asked for several numbers of
 *    buckets, 2 to 32, each time that one is full;
 *  - what has to change is the number of bursts, as they come independently; or that of losses, and
 *    then the more clearly the longer the bursts are, as it scatters more;
 *  - a path without loss for two and a half seconds is *quiet*, whatever it was before.
 *
 * The likelihood ratio: with l(x, n) = x log(x/n) + (n-x) log(1 - x/n), and x1 of n1 frames lost in
 * one part, x2 of n2 in the other, 2 (l(x1, n1) + l(x2, n2) - l(x1+x2, n1+n2)) is distributed like
 * the square of a normal variable when nothing has changed (Wilks).
 *
 * @module
 */
import { naturalLog } from "../deterministic_math.ts";

// Tuning.

/** Least length of a bucket, ms, and least number of its frames. */
const BUCKET = 100;
const BUCKET_FRAMES = 16;

/** Buckets in memory. */
const BUCKETS = 128;

/** How many of the newest buckets are compared with the older ones, in turn. */
const SCALES = [2, 3, 4, 6, 8, 12, 16, 24, 32];

/**
 * What the likelihood ratio has to reach: four standard deviations. Three losses in 50 frames after
 * 1,500 without one are a change, two are none.
 */
const CHANGE = 16;

/** The rate is a share of so many frames at least: one loss among the first few says little. */
const LEAST_FRAMES = 64;

/** Losses of which we believe beforehand that each was alone. */
const PRIOR_BURSTS = 4;

/** Stickiness that is believed, at the most. */
const MOST_STICKINESS = 0.95;

/** A path is quiet after so long without loss, ms, and so many frames. */
const QUIET = 2_500;
const QUIET_FRAMES = 100;

/** The loss of one direction. */
export class LossMemory {
  /** They grow with the buckets that there have been: most sessions fill few. */
  readonly #frames: number[] = [0];
  /** Below 0 when frames arrived that had been counted as lost in an older bucket. */
  readonly #lost: number[] = [0];
  readonly #bursts: number[] = [0];
  #newest = 0;
  #filled = 1;
  #bucketAt: number | undefined;
  #allFrames = 0;
  #allLost = 0;
  #allBursts = 0;
  #lostAt = -Infinity;
  #framesSinceLoss = 0;
  #now = 0;

  /** The share of the frames in memory that was lost, 0 to 1. */
  get rate(): number {
    return Math.max(0, this.#allLost) / Math.max(LEAST_FRAMES, this.#allFrames);
  }

  /** Correlation of the losses of two frames in a row, 0 when they are independent. */
  get stickiness(): number {
    const lost = Math.max(0, this.#allLost) + PRIOR_BURSTS;
    const bursts = Math.max(0, this.#allBursts) + PRIOR_BURSTS;
    return Math.min(MOST_STICKINESS, Math.max(0, 1 - bursts / (lost * (1 - this.rate))));
  }

  /** Whether nothing has been lost for long. */
  get isQuiet(): boolean {
    return this.#now - this.#lostAt >= QUIET && this.#framesSinceLoss >= QUIET_FRAMES;
  }

  /**
   * The fate of a frame is known.
   *
   * @param isLost Whether it did not come.
   * @param isFirst Whether the frame before it came, so that a burst begins.
   */
  onJudged(isLost: boolean, isFirst: boolean, now: number): void {
    this.#now = now;
    this.#bucketAt ??= now;
    if (now - this.#bucketAt >= BUCKET && this.#frames[this.#newest]! >= BUCKET_FRAMES) {
      this.#forgetChanged();
      this.#openBucket(now);
    }
    this.#frames[this.#newest]!++;
    this.#allFrames++;
    this.#framesSinceLoss++;
    if (!isLost) return;
    this.#count(1, isFirst ? 1 : 0);
    this.#lostAt = now;
    this.#framesSinceLoss = 0;
  }

  /**
   * A frame has come after all.
   *
   * @param bursts By how many there are more bursts now: -1, 0 or 1.
   */
  takeBack(bursts: number): void {
    this.#count(-1, bursts);
  }

  #count(lost: number, bursts: number): void {
    this.#lost[this.#newest]! += lost;
    this.#bursts[this.#newest]! += bursts;
    this.#allLost += lost;
    this.#allBursts += bursts;
  }

  #openBucket(now: number): void {
    if (this.#filled === BUCKETS) this.#forget(1);
    this.#newest = (this.#newest + 1) % BUCKETS;
    this.#frames[this.#newest] = this.#lost[this.#newest] = this.#bursts[this.#newest] = 0;
    this.#filled++;
    this.#bucketAt = now;
  }

  /** Forgets the oldest buckets. */
  #forget(count: number): void {
    for (let i = 0; i < count; i++) {
      const oldest = this.#place(--this.#filled);
      this.#allFrames -= this.#frames[oldest]!;
      this.#allLost -= this.#lost[oldest]!;
      this.#allBursts -= this.#bursts[oldest]!;
    }
  }

  #forgetChanged(): void {
    let [frames, lost, bursts, age] = [0, 0, 0, 0];
    for (const scale of SCALES) {
      if (scale >= this.#filled) return;
      for (; age < scale; age++) {
        const place = this.#place(age);
        frames += this.#frames[place]!;
        lost += this.#lost[place]!;
        bursts += this.#bursts[place]!;
      }
      if (!this.#isChange(frames, lost, bursts)) continue;
      this.#forget(this.#filled - scale);
      return;
    }
  }

  /** Whether the path seems to have changed before the newest part of what is in memory. */
  #isChange(frames: number, lost: number, bursts: number): boolean {
    const { stickiness } = this;
    const older = this.#allFrames - frames;
    // How much more losses scatter than if they were independent. That is an estimate, and squared
    // it has never been too low.
    const variance = (1 + stickiness) / (1 - stickiness);
    return likelihoodRatio(bursts, frames, this.#allBursts - bursts, older) >= CHANGE ||
      likelihoodRatio(lost, frames, this.#allLost - lost, older) >=
        CHANGE * variance * variance;
  }

  /** Where the bucket is that is so many older than the newest. */
  #place(age: number): number {
    return (this.#newest + BUCKETS - age) % BUCKETS;
  }
}

/** How much better two rates explain two counts than one rate does. */
function likelihoodRatio(x1: number, n1: number, x2: number, n2: number): number {
  return 2 * (likelihood(x1, n1) + likelihood(x2, n2) - likelihood(x1 + x2, n1 + n2));
}

/** The logarithm of the likelihood of such a count, at the rate that explains it best. */
function likelihood(count: number, frames: number): number {
  if (count <= 0 || count >= frames) return 0;
  const rate = count / frames;
  return count * naturalLog(rate) + (frames - count) * naturalLog(1 - rate);
}
