/**
 * The path, as far as the sender can see it: by what the other side says of its frames.
 *
 * @module
 */
import { CongestionGate, HARMLESS } from "./congestion_gate.ts";
import { LossEstimator } from "./loss_estimator.ts";
import { ReportDelay } from "./report_delay.ts";
import { SentTimes } from "./sent_times.ts";
import { SettledLoss } from "./settled_loss.ts";

// Protocol constants.

/** The largest loss byte that is a loss. */
const LARGEST_LOSS_BYTE = 254;

// Tuning.

/** Frames that must have left without any report before the loss byte is believed. */
const UNREPORTED_FRAMES = 100;

/** What a loss byte is worth, in frames, and how often at the most it counts, ms. */
const LOSS_BYTE_FRAMES = 8;
const LOSS_BYTE_INTERVAL = 250;

/**
 * The other side is silent when nothing has been heard of our frames for so long, ms, and so many
 * times what a report takes.
 */
const SILENCE = 1500;
const SILENCE_DELAYS = 4;

/** Frames of which some have just turned out to be lost. */
export interface LossReport {
  /** The first frame that may be one of them. */
  readonly first: number;
  /** The last. */
  readonly last: number;
  /** How many were lost. */
  readonly lost: number;
}

/** What is known of one path. Times in ms. */
export class PathView {
  /** The loss that is the path's. */
  readonly estimator = new LossEstimator();
  /** What keeps parity from a full link. */
  readonly gate: CongestionGate;
  readonly #settled = new SettledLoss();
  readonly #sentTimes = new SentTimes();
  readonly #delay = new ReportDelay();
  #settledTo = -1;
  #lastFrame = -1;
  #framesSent = 0;
  #lossAt: number;
  #lossByteAt = -Infinity;
  /** When the last report came, and the first frame left after it. */
  #reportedAt = -Infinity;
  #askedAt = -Infinity;

  /** A path of which nothing is known. */
  constructor(now: number) {
    this.gate = new CongestionGate(now);
    this.#lossAt = now;
  }

  /** When a loss was last heard of; before the first, when the view began. */
  get lossAt(): number {
    return this.#lossAt;
  }

  /** The highest frame whose fate is known. */
  get settledTo(): number {
    return this.#settledTo;
  }

  /** How long reports are held against reordering. */
  get hold(): number {
    return this.#settled.hold;
  }

  /** How long it takes to hear of a frame. */
  get reportDelay(): ReportDelay {
    return this.#delay;
  }

  /** A frame has left; its number is above all before. */
  onSent(frame: number, now: number): void {
    if (this.#askedAt <= this.#reportedAt) this.#askedAt = now;
    this.#lastFrame = frame;
    this.#framesSent++;
    this.#sentTimes.onSent(frame, now);
  }

  /** Nothing is on its way: what was sent when is asked no more. */
  rest(): void {
    this.#sentTimes.clear();
    this.#settled.rest();
  }

  /** Whether nobody has said anything of our frames for long. */
  isSilent(now: number): boolean {
    const patience = SILENCE + SILENCE_DELAYS * (this.#delay.late + this.hold);
    return this.#askedAt > this.#reportedAt && now - this.#askedAt > patience;
  }

  /** When a frame left; `undefined`: too long ago, or never. */
  sentAt(frame: number): number | undefined {
    return this.#sentTimes.sentAt(frame);
  }

  /** The first frame that left at that time or later, as far as is known. */
  frameSince(time: number): number {
    return this.#sentTimes.frameSince(time);
  }

  /**
   * The other side's counters have come.
   *
   * @param level Parity frames for each data frame at present.
   * @returns What was found lost, if anything.
   */
  onCounters(highest: number, total: number, level: number, now: number): LossReport | undefined {
    if (total < 1 || total > highest + 1 || highest > this.#lastFrame) return undefined;
    const highestBefore = this.#settled.highest;
    this.#reportedAt = now;
    const settled = this.#settled.update(highest, total, now);
    if (settled === undefined) return undefined;
    if (highest > highestBefore) this.#noteDelays(highestBefore + 1, highest, now);
    const { frames, lost } = settled;
    if (frames === 0 && lost === 0) return undefined;
    const first = this.#settledTo + 1;
    this.#settledTo = settled.highest;
    const sentAt = this.#sentTimes.sentAt(settled.highest) ?? now;
    if (this.gate.onSettled(frames, lost, sentAt, now)) this.estimator.reset();
    // Where there is so little parity that it cannot matter, a queue of others' making is no reason.
    else if (!this.gate.isQueued || level <= HARMLESS) {
      this.estimator.onSettled(frames, lost, sentAt);
    }
    if (lost <= 0) return undefined;
    this.#lossAt = now;
    return { first, last: settled.highest, lost };
  }

  /** The other side's loss byte, which counts as long as there are no counters. */
  onLossByte(byte: number, now: number): void {
    const isNeeded = this.#settled.highest < 0 && this.#framesSent >= UNREPORTED_FRAMES;
    if (!isNeeded || now - this.#lossByteAt < LOSS_BYTE_INTERVAL) return;
    this.#lossByteAt = now;
    const lost = LOSS_BYTE_FRAMES * Math.min(1, byte / LARGEST_LOSS_BYTE);
    this.estimator.onSettled(LOSS_BYTE_FRAMES, lost, now);
    if (lost > 0) this.#lossAt = now;
  }

  /** The first frame of a report has waited for it longest, and the last one not at all. */
  #noteDelays(first: number, last: number, now: number): void {
    const firstSentAt = this.#sentTimes.sentAt(first);
    if (firstSentAt !== undefined) this.#delay.onReport(now - firstSentAt);
    const lastSentAt = this.#sentTimes.sentAt(last);
    if (lastSentAt === undefined) return;
    const spacing = lastSentAt - (this.#sentTimes.sentAt(last - 1) ?? lastSentAt);
    this.gate.onDelay(now - lastSentAt, spacing, now);
  }
}
