/**
 * Finds out what was lost, what has arrived, how long it took, and how much may be under way.
 *
 * One for all streams of a session. What it knows comes from acknowledgements, which say which
 * segments have arrived; and from the counters in every frame of the other side, which say what the
 * highest frame number is that it has received (H) and how many frames in all. From these:
 *
 *  - the round trip, whenever H rises to a frame that is answered at once: never ambiguous, since a
 *    retransmission is a frame of its own;
 *  - the loss, exactly (`loss_counters.ts`);
 *  - the delivery rate: the frames and the time since the report that was newest when H was sent.
 *
 * A segment is lost when an acknowledgement of its stream that was made after frame H had arrived
 * does not have it, although it left clearly before H (`reordering_patience.ts`); or when it is
 * overdue by the clock. A retransmission obeys the same rules, so it costs a round trip and not a
 * timeout. When nothing is heard, the four oldest segments go out again as probes (`probe_timer.ts`);
 * three probes in a row in vain, and everything is taken as lost. After a long silence a probe is a
 * mere question. When the source has fallen silent, some are sent again before anything is known
 * (`early_copies.ts`).
 *
 * Segments that are lost again and again while the counters miss nothing have not been lost but
 * refused (`refusal.ts`).
 *
 * @module
 */
import { ACK_ALLOWANCE, type AckCopies } from "./ack_policy.ts";
import { AckSampler } from "./ack_sampler.ts";
import { Arrivals } from "./arrivals.ts";
import type { CongestionController } from "./congestion.ts";
import { EarlyCopies } from "./early_copies.ts";
import { type FrameRecord, Inflight } from "./inflight.ts";
import { LossCounters } from "./loss_counters.ts";
import { Pacer } from "./pacer.ts";
import { ProbeTimer } from "./probe_timer.ts";
import { ReorderingPatience } from "./reordering_patience.ts";
import type { RttEstimator } from "./rtt.ts";
import type { Segment, SegmentOwner } from "./segment.ts";
import { SegmentQueue } from "./segment_queue.ts";
import type { SentMessage } from "./sent_message.ts";

// Tuning.

/**
 * How long an answer over byte streams may take, ms: below them a lost packet is sent again by its own
 * timer, of 200 ms at the least, and what is sent here meanwhile waits behind it.
 */
const STREAM_PATIENCE = 1_000;

/** Segments that a probe sends again: one alone is lost too often on a bad path. */
const PROBE_SEGMENTS = 4;

/** What a frame of the other side says of ours; when it is news, what is known of the highest. */
interface Report {
  readonly highest: number;
  readonly record: FrameRecord | undefined;
  /** Whether its fate was open: else the time that it took means nothing. */
  readonly isNews: boolean;
}

/** What has been counted since the start. */
export interface RecoveryStats {
  /** Segments found lost. */
  readonly lost: number;
  /** Segments that were retransmitted needlessly. */
  readonly needless: number;
  /** Times that a probe was sent. */
  readonly probes: number;
  /** Loss of what we send, 0 to 1, over the last few hundred frames. */
  readonly lossRate: number;
}

/** Loss recovery of one session. Times in ms. */
export class Recovery {
  /** What the other side sends. */
  readonly arrivals = new Arrivals();
  /** When to ask again. */
  readonly probeTimer = new ProbeTimer();
  readonly #inflight = new Inflight();
  readonly #counters = new LossCounters();
  readonly #patience = new ReorderingPatience();
  readonly #pacer: Pacer;
  readonly #rtt: RttEstimator;
  readonly #congestion: CongestionController;
  readonly #sampler: AckSampler;
  readonly #lostQueue = new SegmentQueue();
  readonly #probeQueue = new SegmentQueue();
  readonly #copies = new EarlyCopies();
  #believesCounters = false;
  #isReliable = false;
  /** All frames below are decided. */
  #scan = 0;
  /** The report that is being handled. */
  #report: Report | undefined;
  #segmentSentAt = 0;
  #newestSegmentFrame = -1;
  #provenAt = -Infinity;
  #lostTotal = 0;
  #needlessTotal = 0;
  #probeTotal = 0;

  /** @param rtt Shared with whoever needs the round trip. */
  constructor(rtt: RttEstimator, congestion: CongestionController, now: number) {
    this.#rtt = rtt;
    this.#congestion = congestion;
    this.#pacer = new Pacer(congestion, now);
    this.#sampler = new AckSampler(this.#inflight, this.#counters, rtt, now);
  }

  /** What has been counted. */
  get stats(): RecoveryStats {
    return {
      lost: this.#lostTotal,
      needless: this.#needlessTotal,
      probes: this.#probeTotal,
      lossRate: this.#counters.lossRate,
    };
  }

  /**
   * The other side is of our own kind: what its counters do not miss, it has. (Towards the original
   * that is not certain: `overflow_watch.ts`.)
   */
  onOwnKind(): void {
    this.#believesCounters = true;
  }

  /** The path loses nothing, and each of its streams keeps the order; but one may stand still for long. */
  setReliable(isReliable: boolean): void {
    this.#isReliable = isReliable;
  }

  /** When the newest frame left that has arrived. */
  get provenAt(): number {
    return this.#provenAt;
  }

  /** Whether window and pacer let a segment go. */
  mayTransmit(now: number): boolean {
    return this.#pacer.mayTransmit(this.#inflight.count, now);
  }

  /** When {@linkcode mayTransmit} turns true by the passing of time alone. */
  get paceDeadline(): number {
    return this.#pacer.deadline(this.#inflight.count);
  }

  /**
   * Window and pacer would let a segment go, but there is none.
   *
   * @param copiesTail Whether those that went last are to be sent once more on a path that loses.
   */
  onNothingToSend(copiesTail: boolean, now: number): void {
    this.#sampler.onNothingToSend();
    if (!copiesTail || this.#isReliable) return;
    const [{ count }, { smoothed }, { lossRate }] = [this.#inflight, this.#rtt, this.#counters];
    this.#copies.onSilence(count, this.#newestSegmentFrame, lossRate, smoothed, now);
  }

  /** Takes the next segment that is to be sent again whatever the window says. */
  takeProbe(): Segment | undefined {
    return this.#probeQueue.take();
  }

  /** Takes the next lost segment. */
  takeLost(): Segment | undefined {
    return this.#lostQueue.take();
  }

  /** Whether a lost segment waits. */
  get hasLost(): boolean {
    return this.#lostQueue.peek() !== undefined;
  }

  /** Asks for a segment to be sent again in its turn, unless it is under way. */
  queueAgain(segment: Segment): void {
    if (segment.acked || segment.queued) return;
    if (this.#inflight.at(segment.lastFrame)?.state === "inFlight") return;
    segment.queued = true;
    this.#lostQueue.add(segment);
  }

  /** A message has left in the frame of that number. */
  onSent(frame: number, { segment, isEliciting, isProbe, isLast }: SentMessage, now: number): void {
    if (segment !== undefined && this.#inflight.count === 0) this.#sampler.onIdleEnd(now);
    if (this.#inflight.newest < 0) {
      this.#scan = frame;
      this.#counters.start(frame);
    }
    const record = this.#inflight.add(frame, (old) => this.#lose(old));
    record.isEliciting = isEliciting;
    record.isProbe = isProbe;
    this.#sampler.stamp(record, segment !== undefined, now);
    if (segment === undefined) return;
    this.#onSegmentSent(record, segment, now);
    if (!isProbe) this.#newestSegmentFrame = frame;
    if (segment.transmissions > 1 && !isProbe && isLast) this.#copies.onRetransmitted(segment, now);
  }

  /** A frame has come with these counters; what it carries is handled next, then `settle`. */
  onCounters(highest: number, total: number): void {
    // Nothing received yet is written as 0 and 0.
    if (total === 0 || highest > this.#inflight.newest) return;
    const record = highest > this.#counters.highest ? this.#inflight.at(highest) : undefined;
    this.#report = { highest, record, isNews: record?.state !== "acked" };
    if (this.#counters.update(highest, total)) this.#congestion.onSpuriousLoss();
  }

  /** The other side has a segment. */
  onAcked(segment: Segment): void {
    if (segment.acked) return;
    segment.acked = true;
    const record = this.#inflight.at(segment.lastFrame);
    if (record?.state === "inFlight") this.#inflight.decide(record, "acked");
    this.#sampler.onAcked();
    this.probeTimer.onAnswer();
    // Its end is taken by a reader that has no room, too.
    if (segment.kind === "data") segment.owner.refusal.onRoom();
    const wasNeedless = segment.transmissions > 1 && record?.isProbe === false &&
      this.#report !== undefined && segment.lastFrame > this.#report.highest;
    if (wasNeedless) {
      this.#needlessTotal++;
      this.#patience.onNeedless(this.#sampler.round, this.#rtt.least);
    }
  }

  /** Nobody waits for a segment any more: its stream was cut. */
  onAbandoned(segment: Segment): void {
    const record = this.#inflight.at(segment.lastFrame);
    if (record?.state === "inFlight") this.#inflight.decide(record, "lost");
    segment.acked = true;
  }

  /** What is done so that lost acknowledgements cost nothing. */
  get ackCopies(): AckCopies {
    return this.#counters;
  }

  /** The stream has acknowledged all that it has: what is older and not acknowledged is lost. */
  onStreamReport(owner: SegmentOwner): void {
    const reported = this.#inflight.at(this.#report?.highest ?? -1);
    // Several streams keep no order among themselves: there the clock alone counts.
    if (reported === undefined || this.#isReliable) return;
    for (;;) {
      const record = this.#inflight.at(owner.oldestFrame);
      if (record === undefined || record.frame >= reported.frame) return;
      const [above, age] = [reported.frame - record.frame, reported.sentAt - record.sentAt];
      if (!this.#patience.isLost(above, age, this.#rtt.least)) return;
      this.#lose(record);
    }
  }

  /** Nothing has been heard for long: the ledger gives its memory back. */
  rest(): void {
    this.#inflight.rest();
  }

  /** What is on its way is lost: its path leads nowhere any more. */
  onPathChanged(): void {
    this.#loseAll(this.#scan);
  }

  /** The frame has been handled: draws the conclusions. */
  settle(now: number): void {
    const report = this.#report;
    this.#report = undefined;
    if (this.probeTimer.onHeard(report?.record !== undefined, now)) this.probeOldest();
    if (report?.record !== undefined) this.#sample(report.record, report.isNews, now);
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    return Math.min(this.#lossDeadline, this.#copies.deadline);
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    for (let copy = this.#copies.takeDue(now); copy; copy = this.#copies.takeDue(now)) {
      this.#probeQueue.add(copy);
    }
    if (this.#copies.isTailDue(now)) this.#copyTail();
    if (now < this.#lossDeadline) return;
    if (this.#firstUndecided() !== undefined) this.#detectByTime(now);
    else this.#probe(now);
  }

  get #lossDeadline(): number {
    const overdue = this.#firstUndecided();
    if (overdue !== undefined) return overdue.sentAt + this.#timeLimit();
    const { reportedAt } = this.#sampler;
    if (this.#inflight.count === 0) return Infinity;
    const wait = this.probeTimer.timeout(this.#rtt, this.#segmentSentAt - reportedAt);
    const least = this.#isReliable ? STREAM_PATIENCE : 0;
    return Math.max(reportedAt, this.#segmentSentAt) + Math.max(wait, least);
  }

  #onSegmentSent(record: FrameRecord, segment: Segment, now: number): void {
    const previous = this.#inflight.at(segment.lastFrame);
    if (previous?.state === "inFlight") this.#inflight.decide(previous, "lost");
    this.#inflight.carry(record, segment);
    segment.transmissions++;
    segment.lastFrame = record.frame;
    segment.queued = false;
    this.#segmentSentAt = now;
    this.#pacer.onSent();
  }

  #sample(record: FrameRecord, isNews: boolean, now: number): void {
    if (record.isEliciting && isNews) this.#rtt.update(now - record.sentAt, now);
    this.#provenAt = record.sentAt;
    if (this.#sampler.begin(record, now)) {
      this.#patience.onRound(this.#rtt.least);
      this.#counters.onRound();
    }
    this.#detectByTime(now);
    const receiveLoss = this.#believesCounters ? undefined : this.arrivals.lossRate;
    this.#congestion.onAck(this.#sampler.finish(record, receiveLoss, now));
    this.#inflight.forgetBefore(Math.min(this.#scan, this.#counters.highest));
  }

  #timeLimit(): number {
    const limit = Math.max(this.#rtt.smoothed, this.#rtt.latest) + ACK_ALLOWANCE +
      this.#patience.grace(this.#rtt.least);
    return this.#isReliable ? Math.max(limit, STREAM_PATIENCE) : limit;
  }

  /** The oldest frame up to H whose fate is open. */
  #firstUndecided(): FrameRecord | undefined {
    while (this.#scan <= this.#counters.highest) {
      const record = this.#inflight.at(this.#scan);
      if (record?.state === "inFlight") return record;
      this.#scan++;
    }
    return undefined;
  }

  #detectByTime(now: number): void {
    const limit = this.#timeLimit();
    for (let next = this.#firstUndecided(); next; next = this.#firstUndecided()) {
      if (now < next.sentAt + limit) return;
      this.#lose(next);
    }
  }

  #lose(record: FrameRecord): void {
    const segment = record.segment;
    this.#inflight.decide(record, "lost");
    if (segment === undefined || segment.acked) return;
    this.#lostTotal++;
    this.queueAgain(segment);
    // Above H nothing is proven: the whole path may be silent.
    if (record.frame > this.#counters.highest) return;
    const isMissed = this.#counters.confirm(this.#sampler.round);
    this.#sampler.onLost(isMissed);
    // Once may mean that it was acknowledged, and all acknowledgements that said so were lost.
    if (isMissed || segment.transmissions === 1) return;
    segment.owner.refusal.onLost(this.#counters.lossRate);
  }

  /** All from a frame on that is still under way is lost; what was sent again on suspicion is the oldest. */
  #loseAll(first: number): void {
    for (const isProbe of [true, false]) {
      for (let frame = first; frame <= this.#inflight.newest; frame++) {
        const record = this.#inflight.at(frame);
        if (record?.state === "inFlight" && record.isProbe === isProbe) this.#lose(record);
      }
    }
  }

  #copyTail(): void {
    for (let frame = this.#scan; frame <= this.#copies.tailUpTo; frame++) {
      const segment = this.#inflight.at(frame)?.segment;
      if (segment?.transmissions === 1) this.#probeQueue.add(segment);
    }
  }

  #probe(now: number): void {
    this.#probeTotal++;
    this.#segmentSentAt = now;
    const probe = this.probeTimer.onProbe(now - this.#sampler.reportedAt);
    if (probe === "question") return;
    if (probe === "segments" || this.#isReliable) return this.probeOldest();
    this.#loseAll(Math.max(this.#scan, this.#counters.highest + 1));
    this.#congestion.onTimeout();
    for (let i = 0; i < PROBE_SEGMENTS; i++) {
      const segment = this.takeLost();
      if (segment !== undefined) this.#probeQueue.add(segment);
    }
  }

  /** Sends those that have been under way for longest once more, before any others that wait. */
  probeOldest(): void {
    let rest = this.#isReliable ? 1 : PROBE_SEGMENTS;
    for (let frame = this.#scan; frame <= this.#inflight.newest && rest > 0; frame++) {
      const segment = this.#inflight.at(frame)?.segment;
      if (segment === undefined || segment.owner.refusal.isRefused) continue;
      this.#probeQueue.add(segment);
      rest--;
    }
  }
}
