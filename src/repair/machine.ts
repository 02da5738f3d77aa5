/**
 * The sender's side of repair: decides which parity frames follow our data frames, and when.
 *
 * What is repaired, by class:
 *
 *  - *Messages that nobody asks for again* are protected: unreliable messages, what opens and closes
 *    streams, and the last packets of a burst. Each tells how long it is of use.
 *  - *Bulk* is not: a stream's data is sent again when it is lost, which costs what was lost and no
 *    more. Nor are acknowledgements: the next one says the same. They come with age 0. Where they
 *    lie between protected frames they are covered with them, as a run's numbers are contiguous.
 *
 * How, as long as there is loss:
 *
 *  - Where a message's age leaves time for it, repair waits for the *report* of a loss. The other
 *    side's counters do not say which frames are missing, only how many; but parity over the whole
 *    stretch repairs any of them, so just enough of it is sent. When a report is overdue, as those
 *    of a burst's last frames must be, so is the repair: it does not wait for more.
 *  - Where it does not, parity goes out *in advance*. A run is closed by the clock of its first
 *    frame, never of its last: what comes later than the delay that was asked for is no repair.
 *    Protected frames that are few among others are runs of their own, and their parity is copies.
 *    Towards our own kind, where frames are many, runs overlap: each parity frame covers the frames
 *    just before it, and the other side solves all of them together.
 *
 * How much is exact: for what may stay lost on average, given what is known of the path. Nothing at
 * all when the path is clean, and nothing that would feed a link that we fill ourselves. Parity
 * frames leave spaced, never one right behind the other, as losses come in bursts; and no data ever
 * waits for them.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import type { ParityFrame } from "../wire/frame.ts";
import { HARMLESS } from "./congestion_gate.ts";
import { explainRepair, type RepairExplanation } from "./explanation.ts";
import { type RepairOptions, type RepairSettings, repairSettings } from "./options.ts";
import { MOST_DATA, ParityPlan, type PlanBefore } from "./parity_plan.ts";
import { ParitySchedule, type Stretch } from "./parity_schedule.ts";
import { type LossReport, PathView } from "./path_view.ts";
import { SentBodies } from "./sent_bodies.ts";
import { Traffic } from "./traffic.ts";

// Tuning.

/** How often the plan is made anew, ms. */
const PLAN_INTERVAL = 50;

/** Bodies are kept for so long after a loss, ms: on a clean path there is nothing to rebuild. */
const LOSS_MEMORY = 30_000;

/** The traffic pauses when no frame has come for so many intervals, and so many ms at the least. */
const PAUSE_INTERVALS = 1.5;
const LEAST_PAUSE = 5;

/** Of frames whose report is overdue so many are taken for lost at the least, as a share and in all. */
const OVERDUE_LOST = 0.3;
const LEAST_OVERDUE_LOST = 2;

/** Repair of what one session sends. All times in ms. */
export class RepairMachine {
  readonly #settings: RepairSettings;
  readonly #path: PathView;
  readonly #traffic = new Traffic();
  readonly #schedule: ParitySchedule;
  readonly #bodies: SentBodies;
  #plan: ParityPlan;
  #plannedAt = -Infinity;
  #solvesJointly = false;
  #lastFrame = -1;
  #lastProtected = -1;
  /** The first frame of the open run; `undefined` when none is open. */
  #runStart: number | undefined;
  #closesAt = Infinity;
  #openedAt = 0;
  /** What follows a pause is repaired apart from what came before it. */
  #burstStart = 0;
  #pausesAt = Infinity;
  /** When the first open frame will have waited for its report too long. */
  #overdueAt = Infinity;
  #paritySent = 0;

  /**
   * @param budget What pays for bodies that are kept; by default nobody does.
   * @throws {RangeError} An option lies outside of its range.
   */
  constructor(options: RepairOptions, now: number, budget?: ByteBudget) {
    this.#settings = repairSettings(options);
    this.#bodies = new SentBodies(budget);
    this.#path = new PathView(now);
    this.#schedule = new ParitySchedule(this.#settings.maxOverhead);
    this.#plan = this.#makePlan({ mode: "none", level: 0 });
  }

  /** When {@linkcode handleTimeout}, and then {@linkcode pollParity}, want to be called. */
  get deadline(): number {
    return Math.min(this.#schedule.deadline, this.#closesAt, this.#pausesAt, this.#overdueAt);
  }

  /** Parity frames that have been made. */
  get paritySent(): number {
    return this.#paritySent;
  }

  /** The other side solves overlapping runs jointly. */
  onJointSolver(): void {
    this.#solvesJointly = true;
  }

  /**
   * A data frame has left.
   *
   * @param frame Its number, above all before.
   * @param body Borrowed; what is kept is copied.
   * @param maxAge How long it is of use, ms; 0: not to be repaired.
   */
  onFrameSent(frame: number, body: Uint8Array, maxAge: number, now: number): void {
    this.handleTimeout(now);
    const isProtected = maxAge > 0;
    if (frame !== this.#lastFrame + 1) this.#startAnew(frame);
    this.#lastFrame = frame;
    if (isProtected) this.#lastProtected = frame;
    this.#traffic.onSent(body.length, maxAge, now);
    this.#path.onSent(frame, now);
    this.#schedule.onFrameSent();
    this.#updatePlan(now);
    this.#keep(frame, body, now);
    this.#cover(frame, isProtected, now);
  }

  /**
   * What the other side has received of ours.
   *
   * @param highest The highest frame number that has arrived.
   * @param total How many frames have arrived; 0: nothing is known yet.
   */
  onCounters(highest: number, total: number, now: number): void {
    const settledBefore = this.#path.settledTo;
    const report = this.#path.onCounters(highest, total, this.#plan.level, now);
    if (report !== undefined) {
      // The first loss on a clean path is answered at once.
      if (this.#plan.mode === "none") this.#plannedAt = -Infinity;
      this.#updatePlan(now);
      if (this.#plan.mode === "report") this.#answer(report, now);
    }
    const isWaiting = this.#overdueAt < Infinity;
    if (isWaiting && this.#path.settledTo > settledBefore) this.#awaitReport(now);
  }

  /**
   * What the other side says that it loses of ours: believed when its counters say nothing.
   *
   * @param loss 0 to 254.
   */
  onLossByte(loss: number, now: number): void {
    this.#path.onLossByte(loss, now);
  }

  /** The deadline may have passed; calling early is harmless. */
  handleTimeout(now: number): void {
    if (now >= this.#closesAt) this.#closeRun(this.#closesAt);
    if (now >= this.#pausesAt) this.#onPause(now);
    if (now >= this.#overdueAt) this.#onOverdue(now);
  }

  /**
   * The next parity frame that is due, to be asked for until there is none.
   *
   * @returns Its body is good until the next call.
   */
  pollParity(now: number): ParityFrame | undefined {
    for (;;) {
      const planned = this.#schedule.pop(now);
      if (planned === undefined) return undefined;
      const frame = this.#bodies.encode(planned);
      if (frame === undefined) continue;
      this.#paritySent++;
      return frame;
    }
  }

  /** Nothing has left for long, or nothing more will: gives back what was kept for repairs. */
  rest(): void {
    this.#bodies.forget();
    this.#path.rest();
    this.#startAnew(this.#lastFrame + 1);
  }

  /** Why the redundancy is what it is, in words and numbers. */
  explain(now: number): RepairExplanation {
    return explainRepair(
      this.#settings,
      this.#path,
      this.#traffic,
      this.#plan,
      this.#schedule.share,
      now,
    );
  }

  /** Numbers have been left out: nothing can reach over the gap. */
  #startAnew(frame: number): void {
    this.#runStart = undefined;
    this.#closesAt = Infinity;
    this.#burstStart = frame;
  }

  #makePlan(before: PlanBefore): ParityPlan {
    const { estimator, reportDelay, hold } = this.#path;
    const input = {
      estimator,
      traffic: this.#traffic,
      reportDelay,
      hold,
      solvesJointly: this.#solvesJointly,
    };
    return new ParityPlan(this.#settings, input, before);
  }

  #updatePlan(now: number): void {
    if (now - this.#plannedAt < PLAN_INTERVAL || this.#lastProtected < 0) return;
    this.#plannedAt = now;
    const { estimator, gate } = this.#path;
    const before = this.#plan.mode;
    this.#plan = this.#makePlan(this.#plan);
    const { mode, level, gap } = this.#plan;
    this.#schedule.gap = gap;
    const allowed = level > 0 ? gate.allow(level, estimator, now) / level : 1;
    // What is believed of the path was true once.
    const isSilent = this.#path.isSilent(now);
    this.#schedule.share = isSilent ? Math.min(allowed, HARMLESS / level) : allowed;
    if (mode === before) return;
    if (this.#runStart !== undefined) this.#closeRun(now);
    this.#burstStart = this.#lastFrame;
    this.#pausesAt = this.#overdueAt = Infinity;
  }

  #keep(frame: number, body: Uint8Array, now: number): void {
    const isNeeded = this.#lastProtected >= 0 && now - this.#path.lossAt < LOSS_MEMORY;
    if (isNeeded) this.#bodies.keep(frame, body);
    else this.#bodies.forget();
  }

  #cover(frame: number, isProtected: boolean, now: number): void {
    switch (this.#plan.mode) {
      case "none":
        return;
      case "copies":
        if (isProtected) this.#addRun({ start: frame, count: 1 }, now, now);
        return;
      case "runs":
        this.#addToRun(frame, isProtected, now);
        return;
      case "windows":
        this.#addToWindow(frame, now);
        this.#pausesAt = now + Math.max(LEAST_PAUSE, PAUSE_INTERVALS * this.#traffic.interval);
        return;
      case "report":
        if (isProtected && this.#overdueAt === Infinity) this.#awaitReport(now);
        return;
    }
  }

  #addToRun(frame: number, isProtected: boolean, now: number): void {
    if (this.#runStart === undefined) {
      if (!isProtected) return;
      this.#runStart = frame;
      this.#openedAt = now;
      this.#closesAt = now + this.#plan.openFor;
    }
    const isFull = frame - this.#runStart + 1 >= this.#plan.mostData;
    const isLast = now + this.#traffic.interval > this.#closesAt;
    if (isFull || isLast) this.#closeRun(now);
  }

  #closeRun(now: number): void {
    const start = this.#runStart;
    this.#runStart = undefined;
    this.#closesAt = Infinity;
    if (start === undefined || this.#plan.mode === "none") return;
    this.#addRun({ start, count: this.#lastProtected - start + 1 }, this.#openedAt, now);
  }

  /** Parity in advance, all of it in time for the first frame. */
  #addRun(stretch: Stretch, openedAt: number, now: number): void {
    const mix = this.#plan.amount.forRun(stretch.count);
    this.#schedule.addRun(stretch, mix, now, (count) => this.#plan.spacing(now - openedAt, count));
  }

  #addToWindow(frame: number, now: number): void {
    const { windowLength, level } = this.#plan;
    const start = Math.max(frame - windowLength + 1, this.#burstStart, this.#bodies.from);
    // There was no room for the body: parity over nothing is none.
    if (start > frame) return;
    const stretch = { start, count: frame - start + 1 };
    this.#schedule.addToWindow(stretch, level, now);
  }

  /** The last frames have none behind them whose parity would cover them too. */
  #onPause(now: number): void {
    this.#pausesAt = Infinity;
    const { inWindow, openFor } = this.#plan;
    const start = Math.max(
      this.#burstStart,
      this.#bodies.from,
      this.#lastProtected - inWindow + 1,
    );
    const count = this.#lastProtected - start + 1;
    this.#burstStart = this.#lastFrame + 1;
    if (count > 0) this.#addRun({ start, count }, now - openFor, now);
  }

  /** The first frame that parity has not covered and no report has settled. */
  get #firstOpen(): number {
    return Math.max(this.#burstStart, this.#bodies.from, this.#path.settledTo + 1);
  }

  #awaitReport(now: number): void {
    const first = this.#firstOpen;
    const sentAt = this.#path.sentAt(first) ?? now;
    this.#overdueAt = first > this.#lastProtected ? Infinity : sentAt + this.#plan.patience;
  }

  /** A frame has been waited for too long: it is lost, with all behind it, or its report is. */
  #onOverdue(now: number): void {
    const start = this.#firstOpen;
    const late = this.#path.frameSince(now - this.#path.reportDelay.late) - 1;
    const end = Math.min(Math.max(start, late), this.#lastProtected, start + MOST_DATA - 1);
    const count = end - start + 1;
    if (count > 0) {
      const { loss, stickiness } = this.#path.estimator;
      const lost = count * (loss + (1 - loss) * Math.max(OVERDUE_LOST, stickiness));
      this.#addAnswer({ start, count }, Math.max(LEAST_OVERDUE_LOST, Math.ceil(lost)), now);
      this.#burstStart = end + 1;
    }
    this.#awaitReport(now);
  }

  /** Parity over frames of which so many are missing. */
  #answer({ first, last, lost }: LossReport, now: number): void {
    const useful = this.#path.frameSince(now - this.#traffic.tolerance);
    const start = Math.max(first, this.#burstStart, this.#bodies.from, useful);
    const end = Math.min(last, this.#lastProtected);
    if (end < start || this.#lastFrame - start > this.#plan.memory) return;
    const length = end - start + 1;
    const parts = Math.ceil(length / MOST_DATA);
    for (let part = 0; part < parts; part++) {
      const from = start + Math.floor(length * part / parts);
      const count = start + Math.floor(length * (part + 1) / parts) - from;
      this.#addAnswer({ start: from, count }, Math.ceil(lost * count / (last - first + 1)), now);
    }
  }

  #addAnswer(stretch: Stretch, missing: number, now: number): void {
    const mix = this.#plan.amount.forMissing(Math.min(missing, stretch.count));
    // It has taken long enough: the first leaves at once.
    const age = now - (this.#path.sentAt(stretch.start) ?? now);
    const spacing = (count: number) => this.#plan.answerSpacing(age, count);
    this.#schedule.addRun(stretch, mix, now - spacing(Math.max(1, mix.high)), spacing);
  }
}
