/**
 * All streams of a session: one loss recovery, one congestion state, and turns.
 *
 * It takes stream messages and writes stream messages; what carried them it is told by its owner.
 *
 * @module
 */
import type { Goodbye } from "../wire/extension.ts";
import { STREAM_MESSAGE_OVERHEAD, type StreamMessage } from "../wire/message.ts";
import { decodeResetCause, type ResetCause } from "../wire/reset_cause.ts";
import type { Writer } from "../wire/writer.ts";
import { AckReader } from "./ack_reader.ts";
import type { Answers } from "./answers.ts";
import type { ReliableLaneOptions, ReliableLaneStats } from "./lane_contract.ts";
import { ReceiveBudget } from "./receive_budget.ts";
import { writeOwed } from "./owed_message.ts";
import { Reception } from "./reception.ts";
import { Recovery } from "./recovery.ts";
import { repairWish, TAIL_SEGMENTS } from "./repair_wish.ts";
import type { RttEstimator } from "./rtt.ts";
import type { Segment } from "./segment.ts";
import { ANSWER, DEMAND, QUESTION, type SentMessage, writeSegment } from "./sent_message.ts";
import { brokenBy, isRefusal, PROTOCOL_ERROR, type StreamEnd } from "./stream_end.ts";
import type { StreamContext } from "./stream_context.ts";
import type { StreamMachine } from "./stream_machine.ts";
import { StreamTable } from "./stream_table.ts";

export type { ReliableLaneOptions, ReliableLaneStats };

// Tuning.

/** Full segments: what leaves 1400 bytes for the packet while the counters are small. */
const MOST_SEGMENT = 1330;

/** The streams of one session. All times in ms. */
export class ReliableLane {
  readonly #streams: StreamTable;
  readonly #recovery: Recovery;
  readonly #rtt: RttEstimator;
  readonly #isRepaired: boolean;
  readonly #reception: Reception;
  readonly #context: StreamContext & { isOwnKind: boolean; provenAt: number; mayOpen: boolean };
  readonly #changed = new Set<StreamMachine>();
  readonly #acks = new AckReader();
  /** Whether the other side has shown its kind since streams last looked. */
  #isNewKind = false;
  #segmentLength = MOST_SEGMENT;
  #isHeld = false;

  /** @param answers Where answers to strangers go. */
  constructor(options: ReliableLaneOptions, answers: Answers, now: number) {
    const { role, random, rtt, mostStreams } = options;
    const budget = new ReceiveBudget(options);
    this.#rtt = rtt;
    this.#context = { budget, isOwnKind: false, mayOpen: true, provenAt: -Infinity, rtt };
    this.#isRepaired = options.isRepaired ?? false;
    this.#streams = new StreamTable(role, random, this.#context, mostStreams);
    this.#reception = new Reception(this.#streams, answers);
    this.#recovery = new Recovery(rtt, options.congestion, now);
  }

  /** What has been counted. */
  get stats(): ReliableLaneStats {
    const { malformed: info } = this.#reception;
    const { ackList, futureAck } = this.#acks.drops;
    const segment = this.#context.budget.refused;
    return {
      ...this.#recovery.stats,
      streams: this.#streams.size,
      bytesReceived: this.#context.budget.accepted,
      malformed: info + ackList + futureAck,
      messageDrops: { undecodable: 0, info, ackList, futureAck, segment },
      refused: this.#reception.refused,
    };
  }

  /** The other side has shown that it is of our own kind. */
  onOwnKind(): void {
    if (this.#context.isOwnKind) return;
    this.#context.isOwnKind = true;
    this.#recovery.onOwnKind();
    this.#isNewKind = true;
  }

  /** Bodies may have this length from now on. */
  setMostBody(length: number): void {
    this.#segmentLength = Math.min(MOST_SEGMENT, length - STREAM_MESSAGE_OVERHEAD);
  }

  /**
   * Opens a stream.
   *
   * @returns `undefined` when no id is free.
   */
  openStream(info: string, now: number): StreamMachine | undefined {
    return this.#streams.open(info, now);
  }

  /** Takes as much of `bytes` as there is room for; returns how much. */
  write(stream: StreamMachine, bytes: Uint8Array, now: number): number {
    const count = stream.sending.append(bytes);
    this.#watchRoom(stream, now);
    this.#streams.schedule(stream, now);
    return count;
  }

  /** Ends the writing half of a stream. */
  finish(stream: StreamMachine, now: number): void {
    stream.sending.finish();
    this.#advance(stream, now);
  }

  /** Moves what has been received into `into`; returns how many bytes. */
  read(stream: StreamMachine, into: Uint8Array, now: number): number {
    const count = stream.receiving.read(into);
    if (stream.receiving.isLimitWorthTelling) {
      stream.acks.request();
      this.#streams.schedule(stream, now);
    }
    return count;
  }

  /** Nobody reads the stream any more. */
  discard(stream: StreamMachine, now: number): void {
    stream.discard(now);
    this.#advance(stream, now);
  }

  /** Refuses what the other side opens from now on: this end is about to leave. */
  refuseNew(): void {
    this.#reception.refuseNew();
  }

  /** Cuts a stream; the other side is told the cause. */
  reset(stream: StreamMachine, end: StreamEnd, now: number, cause?: ResetCause): void {
    stream.reset(end, cause);
    this.#advance(stream, now);
  }

  /** Whether no stream is open, nor on its way to being closed. */
  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  /**
   * Ends all streams without a word: the session is over.
   *
   * @param goodbye How the other side has left, if it has.
   */
  abandon(end: StreamEnd, now: number, goodbye?: Goodbye): void {
    for (const stream of [...this.#streams.values()]) {
      stream.abandon(end, goodbye);
      this.#advance(stream, now);
    }
  }

  /**
   * A frame of the other side has come, for the first time.
   *
   * @returns Whether one before it is missing that was not missed before.
   */
  onArrived(frame: number): boolean {
    return this.#recovery.arrivals.onFrame(frame);
  }

  /** The counters of a frame whose body is handled next. */
  onCounters(highest: number, total: number): void {
    this.#recovery.onCounters(highest, total);
  }

  /** What is on its way. */
  get recovery(): Pick<Recovery, "onPathChanged" | "setReliable" | "probeOldest" | "rest"> {
    return this.#recovery;
  }

  /** Whether the other side is to be asked for a sign of life; true once each time. */
  takeQuestion(): boolean {
    return this.#recovery.probeTimer.takeQuestion();
  }

  /** Whether segments stay here for now, because the path has no room for them. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** Whether openings stay here: nobody knows yet whether the other end goes on with this session's streams. */
  holdOpenings(isHeld: boolean, now: number): void {
    if (this.#context.mayOpen !== isHeld) return;
    this.#context.mayOpen = !isHeld;
    if (!isHeld) {
      for (const stream of this.#streams.values()) {
        stream.onMayOpen(now);
        this.#streams.schedule(stream, now);
      }
    }
  }

  /** A message has come. */
  handleMessage(message: StreamMessage, now: number): void {
    const stream = this.#streams.get(message.streamId);
    const isOpening = message.type === "syn" && (stream?.phase ?? "opening") === "opening";
    if (isOpening) this.#reception.handleSyn(message, stream, now);
    else if (stream === undefined) this.#reception.handleStray(message, now);
    else {
      this.#handleKnown(message, stream, now);
      this.#advance(stream, now);
    }
  }

  /** The body of the frame has been handled. */
  settle(now: number): void {
    this.#recovery.settle(now);
    this.#context.provenAt = this.#recovery.provenAt;
    if (!this.#isNewKind) return;
    this.#isNewKind = false;
    // A stream that was ended towards the original ends differently now.
    for (const stream of [...this.#streams.values()]) this.#advance(stream, now);
  }

  /** When {@linkcode handleTimeout} wants to be called; may be too early. */
  get deadline(): number {
    const hasWork = !this.#isHeld && (this.#recovery.hasLost || this.#streams.hasData);
    return Math.min(
      this.#streams.deadline,
      this.#recovery.deadline,
      hasWork ? this.#recovery.paceDeadline : Infinity,
    );
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    this.#recovery.handleTimeout(now);
    this.#streams.handleTimeout(now, (stream) => this.#advance(stream, now));
  }

  /** The next stream that the other side has opened. */
  takeIncoming(): StreamMachine | undefined {
    return this.#reception.takeIncoming();
  }

  /** The next stream about which anything has changed since it was last taken. */
  takeChanged(): StreamMachine | undefined {
    for (const stream of this.#changed) {
      this.#changed.delete(stream);
      return stream;
    }
    return undefined;
  }

  /** Writes the next message that a stream owes: openings, ends and acknowledgements. */
  pollOwed(writer: Writer, now: number): SentMessage | undefined {
    const stream = this.#streams.nextOwing();
    const type = stream?.owed;
    if (stream === undefined || type === undefined) return undefined;
    const conditions = { copies: this.#recovery.ackCopies, isOwnKind: this.#context.isOwnKind };
    writeOwed(stream, type, conditions, writer, now);
    stream.onOwedSent(type, now);
    this.#streams.schedule(stream, now);
    const maxAge = repairWish(type, false, this.#rtt.smoothed);
    if (type === "syn") return { ...QUESTION, maxAge };
    const isDemand = type === "rst" && stream.phase === "resetting";
    return { ...(isDemand ? DEMAND : ANSWER), maxAge };
  }

  /** Writes the next segment that may leave: a probe, a lost one, a new one. */
  pollSegment(writer: Writer, now: number): SentMessage | undefined {
    if (this.#isHeld) return undefined;
    const probe = this.#recovery.takeProbe();
    if (probe !== undefined) {
      return writeSegment(probe, { isProbe: true, isLast: false, maxAge: 0 }, writer);
    }
    while (this.#recovery.hasLost || this.#streams.hasData) {
      if (!this.#recovery.mayTransmit(now)) return undefined;
      const segment = this.#takeLost(now) ?? this.#takeNew(now);
      if (segment === undefined) continue;
      const isTail = this.#streams.segmentsLeft(this.#segmentLength, TAIL_SEGMENTS) < TAIL_SEGMENTS;
      const maxAge = repairWish(segment.kind, isTail, this.#rtt.smoothed);
      const isLast = !this.#streams.hasData;
      return writeSegment(segment, { isProbe: false, isLast, maxAge }, writer);
    }
    const isProtected = this.#isRepaired && repairWish("data", true, this.#rtt.smoothed) > 0;
    this.#recovery.onNothingToSend(!isProtected, now);
    return undefined;
  }

  /** A message of this lane, or another that it must know of, has left in the frame of that number. */
  onFrameSent(frame: number, message: SentMessage, now: number): void {
    this.#recovery.onSent(frame, message, now);
  }

  #handleKnown({ type, sequence, payload }: StreamMessage, stream: StreamMachine, now: number) {
    switch (type) {
      case "syn":
        return stream.onSynAgain();
      case "synAck":
        return stream.onAgreed();
      case "data":
        stream.onAgreed();
        return stream.onData(sequence, payload, now);
      case "dataAck":
        return this.#handleAck(stream, sequence, payload, now);
      case "fin":
        stream.onAgreed();
        return stream.onFin(sequence, now);
      case "finAck": {
        // Of our own kind: our Rst has come to a stream that is not there any more.
        if (stream.phase === "resetting") return stream.onRst();
        const segment = stream.sending.segmentAt(sequence);
        if (segment?.kind === "fin") this.#recovery.onAcked(segment);
        return stream.sending.advance();
      }
      case "rst": {
        const cause = decodeResetCause(payload);
        return stream.phase === "open" && isRefusal(cause) ? undefined : stream.onRst(cause);
      }
    }
  }

  #handleAck(stream: StreamMachine, lowestMissing: number, payload: Uint8Array, now: number): void {
    const sending = stream.sending;
    const list = this.#acks.read(lowestMissing, payload, sending.next);
    if (list === "ackList") return;
    if (list === "futureAck") {
      return stream.reset(brokenBy("acknowledged what was never sent"), PROTOCOL_ERROR);
    }
    const hadRoom = !stream.refusal.isRefused;
    for (let at = sending.first; at < lowestMissing; at++) this.#onAcked(stream, at);
    for (let i = 0; i < list.length; i++) this.#onAcked(stream, list.at(i));
    sending.advance();
    this.#recovery.onStreamReport(stream);
    if (list.limit !== undefined && sending.setLimit(list.limit)) stream.refusal.onRoom();
    if (!hadRoom && !stream.refusal.isRefused) {
      for (const segment of sending.unacknowledged()) this.#recovery.queueAgain(segment);
    }
    this.#watchRoom(stream, now);
  }

  /** Asks for room while the reader over there has none, and nothing under way will tell of it. */
  #watchRoom(stream: StreamMachine, now: number): void {
    const { refusal, sending, room } = stream;
    const isHeldBack = refusal.isRefused || (sending.isBlocked && stream.oldestFrame < 0);
    if (isHeldBack) room.start(this.#rtt.smoothed, now);
    else room.stop();
  }

  #onAcked(stream: StreamMachine, sequence: number): void {
    const segment = stream.sending.segmentAt(sequence);
    if (segment === undefined) return;
    this.#recovery.onAcked(segment);
    segment.payload = NOTHING;
  }

  /** Something about a stream has changed. */
  #advance(stream: StreamMachine, now: number): void {
    stream.advance(now);
    if (stream.end !== undefined) {
      for (const segment of stream.sending.unacknowledged()) this.#recovery.onAbandoned(segment);
      stream.sending.release();
    }
    this.#streams.schedule(stream, now);
    this.#changed.add(stream);
  }

  #takeLost(now: number): Segment | undefined {
    for (let lost = this.#recovery.takeLost(); lost; lost = this.#recovery.takeLost()) {
      const stream = this.#streams.get(lost.owner.id);
      if (stream === undefined || !lost.owner.refusal.isRefused) return lost;
      lost.queued = false;
      stream.room.start(this.#rtt.smoothed, now);
      this.#streams.schedule(stream, now);
    }
    return undefined;
  }

  #takeNew(now: number): Segment | undefined {
    const stream = this.#streams.nextSending();
    if (stream === undefined) return undefined;
    const { room, sending } = stream;
    const isAsking = room.isDue;
    if (isAsking) room.onSent(now);
    const again = isAsking ? sending.unacknowledged().next().value : undefined;
    const segment = again ?? sending.cut(this.#segmentLength, this.#context.isOwnKind, isAsking);
    this.#streams.schedule(stream, now);
    if (sending.room > 0) this.#changed.add(stream);
    return segment;
  }
}

const NOTHING = new Uint8Array(0);
