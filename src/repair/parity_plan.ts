/**
 * What parity to send at present, from what is believed of the path and of the traffic.
 *
 * Five ways, each where it is the cheapest that comes in time:
 *
 *  - `none`: the path is quiet, or loses less than the target;
 *  - `report`: the tolerance leaves time to hear of a loss and to answer it;
 *  - `copies`: protected frames are rare, so each is a run of its own;
 *  - `runs`: disjoint runs;
 *  - `windows`: overlapping runs, whose parity the other side solves jointly.
 *
 * @module
 */
import { MAX_DATA_COUNT } from "../fec/recoverer.ts";
import type { LossEstimator } from "./loss_estimator.ts";
import type { RepairSettings } from "./options.ts";
import { ParityAmount } from "./parity_amount.ts";
import type { ReportDelay } from "./report_delay.ts";
import type { Traffic } from "./traffic.ts";

// Protocol constants: what receivers take.

/** Data frames of a run, at most. */
export const MOST_DATA = MAX_DATA_COUNT;

/** The same towards the original. */
const MOST_DATA_ORIGINAL = 40;

/** Bodies that the original remembers, with a margin: a run, its parity and what comes meanwhile. */
const MEMORY_ORIGINAL = 90;

/** The same of our own kind. */
const MEMORY = 240;

// Tuning. Figures are those of closed-loop simulations.

/**
 * How long a run may stay open, in parts of the delay, when frames are so rare that two would not
 * fit: jitter would make half of voice's pairs single.
 */
const STRETCH = 1.25;

/** The frame that leaves when the delay is just over still belongs to the run: in intervals. */
const MARGIN = 1 / 4;

/** When the last parity of a run should have left, in parts of the delay. */
const DONE = 1.5;

/** Spacing of parity: half a data interval, between these, ms. */
const MOST_GAP = 2;
const LEAST_GAP = 0.05;

/** Losses this sticky deserve parity as far apart as there is time. */
const STICKY = 0.25;

/** Frames can be repaired by windows for so much of the time that parity may take. */
const WINDOW_REACH = 1;

/** A window covers so many times the frames that can still be repaired in time. */
const WINDOW_LENGTH = 1.5;

/** Windows pay from this many frames in time, and this much parity; below it they take longer. */
const WINDOW_FRAMES = 8;
const WINDOW_LEVEL = 0.08;

/** The parity that windows save, in parts of what as many frames in a row need. */
const WINDOW_SAVING = 0.06;

/** And more in bursts, by stickiness: windows join what a burst tears out of several of them. */
const WINDOW_SAVING_IN_BURSTS = 0.3;
const MOST_SAVING = 0.14;

/** Once losses are answered, they are until the time is short by this factor. */
const REPORT_HYSTERESIS = 1.1;

/** Answers cover the frames of a report, so most of those have to be protected. */
const ANSWERED_SHARE = 1 / 2;

/** A report is overdue after so many times what nearly all take, and so many frames. */
const OVERDUE = 1.25;
const OVERDUE_FRAMES = 3;

/** Timers are late by about as much, ms. */
const TIMER_SLACK = 3;

/** An answer takes so much of the time that is left: some reports are late themselves. */
const SPREAD = 0.7;

/** Parity frames of an answer are spread over so many data frames each, at the most. */
const MOST_SPREAD = 8;

/** How parity is sent. */
export type RepairMode = "none" | "report" | "copies" | "runs" | "windows";

/** Where a plan comes from. */
export interface PlanInput {
  /** What is believed of the loss. */
  readonly estimator: LossEstimator;
  /** How frames leave. */
  readonly traffic: Traffic;
  /** How long reports take. */
  readonly reportDelay: ReportDelay;
  /** How long reports are held against reordering, ms. */
  readonly hold: number;
  /** Whether the other side solves overlapping runs jointly. */
  readonly solvesJointly: boolean;
}

/** What a plan has to know of the one before it. */
export type PlanBefore = Pick<ParityPlan, "mode" | "level">;

/** A plan for the next moment. */
export class ParityPlan {
  /** The way. */
  readonly mode: RepairMode;
  /** Parity frames for each data frame, on average. */
  readonly level: number;
  /** How many parity frames are needed. */
  readonly amount: ParityAmount;
  /** How long a run may stay open, ms. */
  readonly openFor: number;
  /** Data frames of a run, at most. */
  readonly mostData: number;
  /** Frames that can still be repaired in time by parity that leaves now. */
  readonly inWindow: number;
  /** Frames of a window. */
  readonly windowLength: number;
  /** Time between parity frames where nothing asks for more, ms. */
  readonly gap: number;
  readonly #input: PlanInput;
  readonly #doneAfter: number;

  /** @param before How parity was sent until now. */
  constructor(settings: RepairSettings, input: PlanInput, before: PlanBefore) {
    this.#input = input;
    const { estimator, traffic, solvesJointly } = input;
    const { interval, tolerance } = traffic;
    const delay = Math.min(settings.delay, tolerance);
    this.#doneAfter = Math.max(LEAST_GAP, Math.min(DONE * settings.delay, tolerance) - TIMER_SLACK);
    this.openFor = Math.min(
      STRETCH * delay,
      this.#doneAfter,
      Math.max(delay + MARGIN * interval, STRETCH * interval),
    );
    this.gap = Math.min(MOST_GAP, Math.max(LEAST_GAP, interval / 2));
    this.amount = new ParityAmount(
      settings,
      estimator,
      traffic.rate,
      (count) => 1 + this.spacing(this.openFor, count) / interval,
      (count) => 1 + this.answerSpacing(this.#neededToAnswer, count) / interval,
    );
    const inTime = Math.floor(this.openFor / interval) + 1;
    this.mostData = solvesJointly ? Math.min(MOST_DATA, inTime) : this.#mostDataOfOriginal(inTime);
    this.inWindow = Math.min(MOST_DATA, Math.floor(WINDOW_REACH * this.#doneAfter / interval) + 1);
    this.windowLength = Math.min(MOST_DATA, Math.ceil(WINDOW_LENGTH * this.inWindow));
    if (settings.maxOverhead === 0) [this.mode, this.level] = ["none", 0];
    else [this.mode, this.level] = this.#choose(before);
  }

  /** How many frames may leave from the first of a run to its last parity. */
  get memory(): number {
    return this.#input.solvesJointly ? MEMORY : MEMORY_ORIGINAL;
  }

  /**
   * Time between the parity frames of a run, ms.
   *
   * @param age How long ago its first frame left, ms.
   */
  spacing(age: number, parityCount: number): number {
    const room = Math.max(0, this.#doneAfter - age) / Math.max(1, parityCount);
    const isSticky = this.#input.estimator.stickiness > STICKY;
    return Math.max(LEAST_GAP, isSticky ? room : Math.min(this.gap, room));
  }

  /** How long the report of a frame is waited for, ms. */
  get patience(): number {
    const { traffic, reportDelay, hold } = this.#input;
    const unusual = OVERDUE * (reportDelay.late + hold) + OVERDUE_FRAMES * traffic.interval;
    return Math.min(unusual, traffic.tolerance - TIMER_SLACK - 2 * this.gap);
  }

  /**
   * Time between the parity frames of an answer, ms: what is left is worth spending on bursts.
   *
   * @param age How long ago the first of its data frames left, ms.
   */
  answerSpacing(age: number, parityCount: number): number {
    const { estimator, traffic } = this.#input;
    if (estimator.stickiness <= STICKY) return this.gap;
    const left = SPREAD * (traffic.tolerance - TIMER_SLACK - age) / parityCount;
    return Math.max(this.gap, Math.min(left, MOST_SPREAD * traffic.interval));
  }

  /** What takes longer yet is overdue, and is repaired unheard. */
  get #neededToAnswer(): number {
    const { reportDelay, hold } = this.#input;
    return reportDelay.usual + hold + 2 * this.gap;
  }

  #choose(before: PlanBefore): [RepairMode, number] {
    const { estimator, traffic, solvesJointly } = this.#input;
    // Answering costs nothing as long as there is nothing to answer.
    if (this.#isAnswerable(before)) {
      return ["report", estimator.loss * this.amount.forMissing(1).mean];
    }
    const copies = traffic.protectedShare * this.amount.forRun(1).mean;
    if (copies === 0) return ["none", 0];
    const run = this.amount.forRun(this.mostData).mean / this.mostData;
    if (this.mostData === 1 || copies * traffic.relativeLength < run) return ["copies", copies];
    if (!solvesJointly || this.mostData < WINDOW_FRAMES || run < WINDOW_LEVEL) return ["runs", run];
    const { mean } = this.amount.forWindow(this.inWindow, before.level);
    const saving = WINDOW_SAVING + WINDOW_SAVING_IN_BURSTS * estimator.stickiness;
    return ["windows", (1 - Math.min(MOST_SAVING, saving)) * mean / this.inWindow];
  }

  #isAnswerable(before: PlanBefore): boolean {
    const { reportDelay, hold, traffic } = this.#input;
    const { interval, tolerance, protectedShare } = traffic;
    const needed = this.#neededToAnswer;
    const spare = before.mode === "report" ? REPORT_HYSTERESIS : 1;
    // Else each frame would be overdue before its report can come.
    const isHeardInTime = reportDelay.usual + hold <= this.patience;
    return isHeardInTime && needed <= spare * tolerance && 2 * needed / interval <= this.memory &&
      protectedShare > ANSWERED_SHARE;
  }

  #mostDataOfOriginal(inTime: number): number {
    const meanwhile = (this.#doneAfter - this.openFor) / this.#input.traffic.interval;
    let dataCount = Math.min(MOST_DATA_ORIGINAL, inTime);
    const reach = () => dataCount + this.amount.forRun(dataCount).mean + meanwhile;
    while (dataCount > 1 && reach() > MEMORY_ORIGINAL) dataCount--;
    return dataCount;
  }
}
