/**
 * Says of each round whether it lost more than the path itself loses.
 *
 * Two things count: how much was lost against the floor (`loss_floor.ts`), and how full the queue was
 * (`queue_gauge.ts`). While the queue was less than half full, or never near its top, nothing of it
 * can have overflowed: the loss is the path's, and the floor follows it. While it was fuller, any loss
 * beyond the floor is congestion. When nobody knows how long the queue gets, because it is too short
 * to be seen, a loss that rises is suspect, and is put to the test: send less for a moment. If it
 * stays, it is the path's; if it falls, and is back within four rounds, it was ours.
 *
 * @module
 */
import type { AckSample } from "./congestion.ts";
import { LossFloor } from "./loss_floor.ts";
import type { QueueGauge } from "./queue_gauge.ts";

// Tuning. From the same simulation as that of the floor.

/** Frames of a round at the least; shorter rounds are put together. */
const LEAST_FRAMES = 64;

/** While starting, rounds are short and the loss has to stand out more. */
const START_FRAMES = 48;
const START_MARGIN = 0.01;

/** A test needs so many frames, and the loss must fall by so much to be ours. */
const TEST_FRAMES = 24;
const TEST_FALL = 0.2;

/** A loss that fell in a test and is back within so many rounds was ours. */
const WATCH_ROUNDS = 4;

/** A rise so far above the floor is answered before the test is over. */
const LARGE_RISE = 0.2;

/**
 * What a round says. `fine`: nothing. `overflow`: more was sent than the path takes, on purpose, and
 * that much did not fit. `congested`: the same, unasked. `suspect`: perhaps; `alarming`: probably.
 */
export type Verdict = "fine" | "overflow" | "congested" | "suspect" | "alarming";

/** Which way the sending goes: `slack`: less than the path takes; `pressing`: more. */
export type Effort = "starting" | "steady" | "slack" | "pressing";

/** A stretch of frames: from a number on, up to what has been reported since. */
interface Mark {
  readonly highest: number;
  readonly total: number;
}

/** The judge of one path. */
export class LossJudge {
  /** What the path itself loses. */
  readonly floor = new LossFloor();
  readonly #gauge: QueueGauge;
  #mark: Mark | undefined;
  #framesOfRound = 0;
  /** The longest round trip of the rounds that were too short to be judged. */
  #longest = 0;
  #effort: Effort = "starting";
  /** Frames up to this one were sent under pressure. */
  #pressedUpTo = -1;
  /** The frames of the last slack phase: `#slackTo` is open (Infinity) while it lasts. */
  #slackFrom = Infinity;
  #slackTo = Infinity;
  #slackMark: Mark | undefined;
  /** The loss that is on trial; -1: none. */
  #tested = -1;
  #watchedUntil = -1;

  constructor(gauge: QueueGauge) {
    this.#gauge = gauge;
  }

  /** Frames of the round that was judged last. */
  get framesOfRound(): number {
    return this.#framesOfRound;
  }

  /** Whether a test is going on: the slack phase must last a round trip. */
  get isTesting(): boolean {
    return this.#tested >= 0;
  }

  /** From the next frame on the sending goes another way. */
  onEffort(effort: Effort, newestSent: number): void {
    if (this.#effort === "slack" && this.#slackTo === Infinity) this.#slackTo = newestSent;
    if (this.#effort === "pressing") this.#pressedUpTo = newestSent;
    if (effort === "slack") {
      this.#slackFrom = newestSent + 1;
      this.#slackTo = Infinity;
      this.#slackMark = undefined;
    }
    this.#effort = effort;
  }

  /**
   * To be called on each report: the frames of a slack phase may have come.
   *
   * @returns Whether a test has ended without proof, so that sending less is the safe answer.
   */
  judgeSlack(sample: AckSample): boolean {
    // What was sent before anybody looked does not count.
    this.#mark ??= { highest: sample.highest, total: sample.total };
    if (sample.highest < this.#slackFrom) return false;
    this.#slackMark ??= { highest: sample.highest, total: sample.total };
    if (sample.highest < this.#slackTo) return false;
    const frames = sample.highest - this.#slackMark.highest;
    const lost = Math.max(0, frames - (sample.total - this.#slackMark.total));
    this.#slackFrom = this.#slackTo = Infinity;
    this.#slackMark = undefined;
    if (frames === 0) return false;
    if (this.#tested < 0 || frames < TEST_FRAMES) {
      this.floor.learnSlack(lost, frames);
      return false;
    }
    const hasStayed = lost / frames >=
      (1 - TEST_FALL) * this.#tested - this.floor.deviation(frames);
    this.#tested = -1;
    if (!hasStayed) {
      this.floor.learnSlack(lost, frames);
      this.#watchedUntil = sample.round + WATCH_ROUNDS;
      return false;
    }
    this.#watchedUntil = -1;
    const isProven = this.#gauge.isInLowerHalf(sample.rtt);
    this.floor.learnTested(lost, frames, isProven);
    return !isProven;
  }

  /**
   * To be called at the end of each round.
   *
   * @param isFlat Whether no round trip of the round speaks for a queue.
   * @param hasGrown Whether the rate has grown lately; it matters while starting.
   */
  judgeRound(sample: AckSample, isFlat: boolean, hasGrown: boolean): Verdict {
    const isStarting = this.#effort === "starting";
    const mark = this.#mark ?? sample;
    const frames = sample.highest - mark.highest;
    const longest = Math.max(this.#longest, this.#gauge.mostOfRound);
    this.#longest = 0;
    if (frames < (isStarting ? 1 : LEAST_FRAMES)) {
      this.#longest = longest;
      this.#framesOfRound = 0;
      return "fine";
    }
    const lost = Math.max(0, frames - (sample.total - mark.total));
    const isPressed = this.#effort === "pressing" || mark.highest < this.#pressedUpTo;
    this.#mark = { highest: sample.highest, total: sample.total };
    this.#framesOfRound = frames;
    if (isStarting) return this.#judgeStart(lost, frames, isFlat && hasGrown);
    const isExcess = this.floor.isExcess(lost, frames);
    // A queue that was filled on purpose may overflow at the end of a round alone: its mean proves
    // nothing then.
    const isProven = this.#gauge.isBelowTop(longest) ||
      (!isPressed && this.#gauge.isInLowerHalf());
    if (isPressed && !isProven) return isExcess ? "overflow" : "fine";
    if (isProven || (!this.#gauge.hasRange && isFlat)) {
      this.floor.scatter(lost, frames, isProven);
      if (!isExcess) this.floor.learn(lost, frames, isProven);
      else if (isProven) this.floor.learnExcess(lost, frames);
      else return this.#suspect(lost / frames, sample.round);
      return "fine";
    }
    const isCongested = this.floor.isExcessInUpperHalf(lost, frames);
    if (lost < this.floor.rate * frames) this.floor.learn(lost, frames, false);
    return isCongested ? "congested" : "fine";
  }

  /** Loss that grows with our rate is not the path's. */
  #judgeStart(lost: number, frames: number, isFree: boolean): Verdict {
    const isExcess = this.floor.isKnown && frames >= START_FRAMES &&
      this.floor.isExcess(lost, frames, START_MARGIN);
    if (isExcess) return "suspect";
    if (isFree) this.floor.learn(lost, frames, true);
    return "fine";
  }

  #suspect(loss: number, round: number): Verdict {
    const isLarge = loss > this.floor.rate + LARGE_RISE;
    const isBack = round <= this.#watchedUntil;
    if (isLarge || isBack) this.#watchedUntil = -1;
    const needsTest = isLarge || (!isBack && this.#effort !== "slack");
    if (needsTest && this.#tested < 0) this.#tested = loss;
    return isLarge || isBack ? "alarming" : "suspect";
  }
}
