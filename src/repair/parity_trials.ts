/**
 * Finds out whether our own parity makes the loss.
 *
 * On a full link what arrives stays the same however much is sent, so the loss moves with the rate;
 * on a bad path it does not. So each raise of parity is a *trial*: the loss of the data sent at the
 * new level is held against that before. The rules:
 *
 *  - when it has not risen as a full link explains, the level has passed, and needs no further trial;
 *  - when it has, or when too few frames were seen to tell, the trial is turned round: there is no
 *    parity for a moment. At once in the first case, as the path itself may have become worse
 *    meanwhile; later in the second;
 *  - when the loss goes down with the parity, it is our own: there is none for a while, and then a
 *    smaller trial.
 *
 * A trial that is turned round costs what stays lost meanwhile. So there is none of a raise so small
 * that it could not tell, as heavy loss in bursts makes the level wander; and none of a raise that is
 * over.
 *
 * @module
 */
import { burstVariance } from "../fec/redundancy.ts";
import type { LossEstimator, LossSample } from "./loss_estimator.ts";

// Tuning. The figures were found in simulations of overfilled, policed and lossy links.

/** A raise beyond what has passed is a trial. */
const STEP = 0.03;

/** How long a new level takes to show, beyond a report's delay, ms. */
const SETTLING = 100;

/**
 * Frames, and ms, after which a trial is judged; and frames that it is held against. Where frames are
 * so rare that the time is over first, a level is not doubted for being hard to judge: a moment
 * without parity would be long, and there is little to flood a link with.
 */
const TRIAL_FRAMES = 300;
const FRAMES_BEFORE_RAISE = 100;
const RAISE = 1500;
const LOWERING = 3000;

/**
 * A raise is suspicious when the loss rose by so much of what a full link predicts, and by so many
 * deviations.
 */
const SUSPICIOUS = 0.5;
const SUSPICIOUS_DEVIATIONS = 2.5;

/**
 * The loss is ours when it goes down with the parity: a bad path has no reason for that. By how much
 * says little, as queues do not drop data and parity alike.
 */
const OURS = 0.1;
const OURS_DEVIATIONS = 3;

/** A trial can tell when the prediction is worth so many deviations. */
const TELLING = 3;

/** Even independent losses vary more than by the book, as paths do. */
const EXTRA_VARIANCE = 1.2;

/** How long there is no parity after a failed trial, ms: first, and at the most. */
const FIRST_BAR = 3000;
const LONGEST_BAR = 30_000;

/** Time until a level in doubt is tried, ms: first, and at the most. */
const FIRST_DOUBT = 2000;
const LONGEST_DOUBT = 60_000;

/** So long after a failure each raise is tried at once, ms. */
const WARNED = 60_000;

/**
 * Frames may be more than what is proven by this share without a doubt: it adds too little to a full
 * link. And by as much as would move the loss by one deviation, where the answer would be chance; but
 * no further than this.
 */
const CREEP = 0.04;
const MOST_CREEP = 0.1;

/** Levels and losses below these are not worth a doubt. */
const DOUBTED_LEVEL = 0.1;
const DOUBTED_LOSS = 0.02;

/** What asks for parity. */
export type LossNow = Pick<LossEstimator, "newest" | "stickiness">;

interface Trial {
  /** The level before. */
  readonly from: number;
  /** The level in trial. */
  to: number;
  readonly startedAt: number;
  before: LossSample;
  readonly stickiness: number;
  frames: number;
  lost: number;
}

/** The trials of one session. Times in ms; levels are parity frames for each data frame. */
export class ParityTrials {
  /** The highest level that a trial has let pass, and that one has told enough of. */
  #passed = 0;
  #proven = 0;
  #trial: Trial | undefined;
  #barredUntil = -Infinity;
  #bar = FIRST_BAR;
  #limit = Infinity;
  #failed = 0;
  /** What is above this level is in doubt; `Infinity`: nothing is. */
  #doubted = Infinity;
  #doubt = FIRST_DOUBT;
  #doubtAt = Infinity;
  #warnedUntil = -Infinity;

  /** Trials that showed the loss to be our own. */
  get failed(): number {
    return this.#failed;
  }

  /** Whether there is no parity, because a trial has failed. */
  isBarred(now: number): boolean {
    return now < this.#barredUntil;
  }

  /**
   * Frames have settled.
   *
   * @param sentAt When the newest of them was sent.
   * @param delay What a report takes.
   * @returns Whether a trial has failed: what was measured lately is no property of the path.
   */
  onSettled(frames: number, lost: number, sentAt: number, delay: number, now: number): boolean {
    const trial = this.#trial;
    if (trial === undefined) return false;
    if (sentAt > trial.startedAt + SETTLING) {
      trial.frames += frames;
      trial.lost += lost;
    }
    const time = trial.from < trial.to ? RAISE : LOWERING;
    const isLong = now - trial.startedAt > time + delay + SETTLING;
    if (trial.frames < TRIAL_FRAMES && !isLong) return false;
    this.#trial = undefined;
    return this.#judge(trial, now);
  }

  /**
   * The level that is allowed.
   *
   * @param level The level that is wanted.
   * @param delay What a report takes.
   */
  allow(level: number, loss: LossNow, delay: number, now: number): number {
    const trial = this.#trial;
    if (trial !== undefined) {
      const isRaised = trial.to > trial.from;
      if (isRaised && trial.frames === 0 && level > trial.to) {
        trial.to = Math.min(level, this.#limit);
        // Until the first report of the raised level comes.
        if (now - trial.startedAt < delay) trial.before = loss.newest(FRAMES_BEFORE_RAISE);
      }
      return Math.min(level, trial.to);
    }
    const allowed = Math.min(level, this.#limit);
    // A doubt that waited for the raise to come back would always find a chance peak of the loss.
    const isOver = this.#doubted < Infinity && now >= this.#doubtAt && allowed <= this.#doubted;
    if (isOver) this.#forgetRaise();
    if (now >= this.#doubtAt && allowed > this.#doubted && this.#isWorthy(level, loss)) {
      this.#start(Math.min(allowed, this.#passed), 0, loss, now);
      return 0;
    }
    if (allowed > this.#passed + STEP) this.#start(this.#passed, allowed, loss, now);
    return allowed;
  }

  /** Whether something is to be had by a trial: no limit stays that was never doubted. */
  #isWorthy(level: number, loss: LossNow): boolean {
    return level > this.#limit ||
      (level > DOUBTED_LEVEL && loss.newest(TRIAL_FRAMES).loss > DOUBTED_LOSS);
  }

  /** A raise that was over before its doubt was due is no trial's matter until it comes back. */
  #forgetRaise(): void {
    this.#passed = this.#doubted;
    this.#doubted = Infinity;
  }

  #start(from: number, to: number, loss: LossNow, now: number): void {
    // The path may have got worse just now: this is what asks for a raise.
    const before = loss.newest(from < to ? FRAMES_BEFORE_RAISE : TRIAL_FRAMES);
    if (before.frames === 0) return;
    const { stickiness } = loss;
    this.#trial = { from, to, startedAt: now, before, stickiness, frames: 0, lost: 0 };
  }

  #judge(trial: Trial, now: number): boolean {
    const { from, to, before, stickiness, frames, lost } = trial;
    const loss = lost / Math.max(1, frames);
    const high = Math.max(from, to);
    const [lossAtLow, lossAtHigh] = from < to ? [before.loss, loss] : [loss, before.loss];
    const moved = lossAtHigh - lossAtLow;
    const predicted = (1 - lossAtLow) * (1 - (1 + Math.min(from, to)) / (1 + high));
    const mean = (lost + before.loss * before.frames) / (frames + before.frames);
    const variance = EXTRA_VARIANCE * burstVariance(frames, stickiness) *
      Math.max(1e-4, mean * (1 - mean));
    const deviation = Math.sqrt(variance * (1 / Math.max(1, frames) + 1 / before.frames));
    if (from > to && moved > OURS * predicted && moved > OURS_DEVIATIONS * deviation) {
      this.#fail(high, now);
      return true;
    }
    this.#passed = Math.max(this.#passed, high);
    const isWarned = now < this.#warnedUntil;
    if (from > to || !isWarned) this.#limit *= 2;
    const isTelling = predicted > TELLING * deviation;
    if (from > to) this.#acquit(isTelling, now);
    else {
      const isAsFull = moved > SUSPICIOUS * predicted;
      const isSuspicious = isAsFull && moved > SUSPICIOUS_DEVIATIONS * deviation;
      const creep = Math.min(MOST_CREEP, Math.max(CREEP, deviation / (1 - lossAtLow)));
      const nearlyProven = (1 + this.#proven) * (1 + creep) - 1;
      if (isSuspicious || isWarned) this.#doubtFrom(0, now);
      else if (isTelling && !isAsFull) this.#acceptLevel(high);
      else if (frames < TRIAL_FRAMES) this.#doubted = Infinity;
      else if (high > nearlyProven) this.#doubtFrom(nearlyProven, now + this.#doubt);
    }
    return false;
  }

  /** Without parity the loss was the same. */
  #acquit(isTelling: boolean, now: number): void {
    if (isTelling) this.#bar = Math.max(FIRST_BAR, this.#bar / 2);
    this.#doubt = isTelling ? FIRST_DOUBT : Math.min(LONGEST_DOUBT, 2 * this.#doubt);
    this.#doubtAt = now + this.#doubt;
    if (!isTelling) return;
    this.#warnedUntil = -Infinity;
    this.#acceptLevel(this.#passed);
  }

  #acceptLevel(level: number): void {
    this.#doubted = Infinity;
    this.#proven = Math.max(this.#proven, level);
  }

  #doubtFrom(level: number, at: number): void {
    this.#doubted = level;
    this.#doubtAt = at;
  }

  #fail(level: number, now: number): void {
    this.#failed++;
    this.#passed = this.#proven = 0;
    this.#doubted = Infinity;
    this.#warnedUntil = now + this.#bar + WARNED;
    this.#limit = Math.max(2 * STEP, level / 2);
    this.#barredUntil = now + this.#bar;
    this.#bar = Math.min(LONGEST_BAR, 2 * this.#bar);
  }
}
