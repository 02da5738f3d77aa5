/**
 * Puts together what the congestion controller is told of a report: rate, round, and counts.
 *
 * The delivery rate (draft-cheng-iccrg-delivery-rate-estimation, on frames instead of bytes): when a
 * frame leaves, what the other side has reported until then is noted with it. When it is reported
 * itself, the frames that were reported in between have passed in the time in between; or in the time
 * that it took to send them, when that was longer. When nothing is in flight both times begin anew.
 * Of the frames only those are counted that carried a segment: rate and window are in segments, and
 * what else is sent, acknowledgements and unreliable messages, is mostly small.
 *
 * @module
 */
import type { AckSample } from "./congestion.ts";
import type { FrameRecord, Inflight } from "./inflight.ts";
import type { LossCounters } from "./loss_counters.ts";
import { OverflowWatch } from "./overflow_watch.ts";
import { RoundCounter } from "./round_counter.ts";
import type { RttEstimator } from "./rtt.ts";

// Tuning.

/** An interval below this part of the least round trip was made by chance: BBR has the same. */
const LEAST_INTERVAL = 0.9;

/** The samples of one session. Times in ms. */
export class AckSampler {
  readonly #inflight: Inflight;
  readonly #counters: LossCounters;
  readonly #rtt: RttEstimator;
  readonly #rounds: RoundCounter;
  readonly #overflows = new OverflowWatch();
  /** When the last report came, and when the frame left that it was about. */
  #reportedAt: number;
  #firstSentAt: number;
  /** While any frame up to this one is not reported, the path may have been empty in between. */
  #limitedUpTo = -1;
  #interval = 0;
  #isRoundStart = false;
  #priorInFlight = 0;
  /** Segments sent, and sent up to the newest frame reported. */
  #segments = 0;
  #segmentsReported = 0;
  /** Since the last sample: acknowledged; found lost, missed by the counters and not. */
  #acked = 0;
  #missed = 0;
  #unmissed = 0;

  constructor(inflight: Inflight, counters: LossCounters, rtt: RttEstimator, now: number) {
    this.#inflight = inflight;
    this.#counters = counters;
    this.#rtt = rtt;
    this.#rounds = new RoundCounter(now);
    this.#reportedAt = this.#firstSentAt = now;
  }

  /** When the last report came. */
  get reportedAt(): number {
    return this.#reportedAt;
  }

  /** Number of this round. */
  get round(): number {
    return this.#rounds.number;
  }

  /** There was nothing to send: rates that are measured over this moment may be too low. */
  onNothingToSend(): void {
    this.#limitedUpTo = this.#inflight.newest;
  }

  /** A segment is about to leave while nothing is in flight. */
  onIdleEnd(now: number): void {
    this.#reportedAt = this.#firstSentAt = now;
  }

  /** A frame leaves: notes with it what is known. */
  stamp(record: FrameRecord, hasSegment: boolean, now: number): void {
    if (hasSegment) this.#segments++;
    record.segments = this.#segments;
    record.segmentsReported = this.#segmentsReported;
    record.sentAt = now;
    record.appLimited = this.#counters.highest < this.#limitedUpTo;
    record.highest = this.#counters.highest;
    record.total = this.#counters.total;
    record.reportedAt = this.#reportedAt;
    record.firstSentAt = this.#firstSentAt;
  }

  /** A segment was acknowledged. */
  onAcked(): void {
    this.#acked++;
  }

  /** A segment was found lost; `isMissed`: the counters say so too. */
  onLost(isMissed: boolean): void {
    if (isMissed) this.#missed++;
    else this.#unmissed++;
  }

  /** A report has come for the first time that is about this frame; returns whether a round ends. */
  begin(record: FrameRecord, now: number): boolean {
    this.#isRoundStart = this.#rounds.onReported(record.frame, this.#inflight.newest, now);
    this.#interval = Math.max(now - record.reportedAt, record.sentAt - record.firstSentAt);
    this.#firstSentAt = record.sentAt;
    this.#reportedAt = now;
    this.#segmentsReported = record.segments;
    this.#priorInFlight = this.#inflight.count + this.#acked + this.#missed + this.#unmissed;
    return this.#isRoundStart;
  }

  /**
   * All conclusions are drawn.
   *
   * @param receiveLoss Loss of what the other side sends; `undefined`: its counters are believed.
   */
  finish(record: FrameRecord, receiveLoss: number | undefined, now: number): AckSample {
    const rtt = this.#rtt;
    const counters = this.#counters;
    const acked = this.#acked;
    const missed = this.#missed;
    const refused = receiveLoss === undefined
      ? 0
      : this.#overflows.judge(acked, this.#unmissed, receiveLoss);
    this.#acked = this.#missed = this.#unmissed = 0;
    const frames = counters.highest - record.highest;
    const arrived = Math.min(frames, counters.total - record.total);
    const segments = record.segments - record.segmentsReported;
    return {
      now,
      rtt: rtt.latest,
      leastRtt: rtt.least,
      smoothedRtt: rtt.smoothed,
      round: this.#rounds.number,
      roundStart: this.#isRoundStart,
      acked,
      lost: missed + refused,
      refused,
      priorInFlight: this.#priorInFlight,
      inFlight: this.#inflight.count,
      highest: counters.highest,
      total: counters.total,
      newestSent: this.#inflight.newest,
      segments,
      arrived: segments * arrived / Math.max(1, frames),
      interval: this.#interval,
      rateIsValid: this.#interval >= rtt.least * LEAST_INTERVAL,
      appLimited: record.appLimited,
    };
  }
}
