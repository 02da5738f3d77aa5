/**
 * All streams of a session: one loss recovery, one congestion state, and turns.
 *
 * It takes stream messages and writes stream messages; what carried them it is told by its owner.
 *
 * @module
 */
import type { Random } from "../random.ts";
import { decodeAckList, encodeAckList } from "../wire/ack_list.ts";
import { encodeMessage, STREAM_MESSAGE_OVERHEAD, type StreamMessage } from "../wire/message.ts";
import { Writer } from "../wire/writer.ts";
import type { Answers } from "./answers.ts";
import type { CongestionController } from "./congestion.ts";
import { ReceiveBudget } from "./receive_buffer.ts";
import { Reception } from "./reception.ts";
import { Recovery, type RecoveryStats } from "./recovery.ts";
import { repairWish, TAIL_SEGMENTS } from "./repair_wish.ts";
import type { RttEstimator } from "./rtt.ts";
import type { Segment } from "./segment.ts";
import { ANSWER, DEMAND, QUESTION, type SentMessage, writeSegment } from "./sent_message.ts";
import { brokenBy, type StreamEnd } from "./stream_end.ts";
import type { StreamContext, StreamMachine } from "./stream_machine.ts";
import { StreamTable } from "./stream_table.ts";

// Protocol constants.

/** Longest list of an acknowledgement that is believed; the original's has 32 entries. */
const MOST_ACK_ENTRIES = 256;

// Tuning.

/** Full segments: what leaves 1400 bytes for the packet while the counters are small. */
const MOST_SEGMENT = 1330;

/** Settings of the streams of a session. */
export interface ReliableLaneOptions {
  /** Which end this is: it decides which stream ids are drawn. */
  readonly role: "client" | "server";
  readonly random: Random;
  readonly rtt: RttEstimator;
  readonly congestion: CongestionController;
  /** Whether messages that wish for a repair get one: then tails are not sent twice besides. */
  readonly isRepaired?: boolean;
}

/** What has been counted. */
export interface ReliableLaneStats extends RecoveryStats {
  /** Streams open now. */
  readonly streams: number;
  /** Bytes of all streams that have come, each once, whether they were read or not. */
  readonly bytesReceived: number;
  /** Messages that broke a rule of the wire. */
  readonly malformed: number;
  /** Streams of the other side that were refused: it has too many, or the id is still in use. */
  readonly refused: number;
}

/** The streams of one session. All times in ms. */
export class ReliableLane {
  readonly #streams: StreamTable;
  readonly #recovery: Recovery;
  readonly #rtt: RttEstimator;
  readonly #isRepaired: boolean;
  readonly #reception: Reception;
  readonly #context: StreamContext & { isOwnKind: boolean; provenAt: number };
  readonly #changed = new Set<StreamMachine>();
  #malformed = 0;
  /** Whether the other side has shown its kind since streams last looked. */
  #isNewKind = false;
  #segmentLength = MOST_SEGMENT;
  #isHeld = false;

  /** @param answers Where answers to strangers go. */
  constructor(options: ReliableLaneOptions, answers: Answers, now: number) {
    const rtt = this.#rtt = options.rtt;
    this.#context = { budget: new ReceiveBudget(), isOwnKind: false, provenAt: -Infinity, rtt };
    this.#isRepaired = options.isRepaired ?? false;
    this.#streams = new StreamTable(options.role, options.random, this.#context);
    this.#reception = new Reception(this.#streams, answers);
    this.#recovery = new Recovery(rtt, options.congestion, now);
  }

  /** What has been counted. */
  get stats(): ReliableLaneStats {
    return {
      ...this.#recovery.stats,
      streams: this.#streams.size,
      bytesReceived: this.#context.budget.accepted,
      malformed: this.#malformed + this.#reception.malformed,
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

  /** Cuts a stream. */
  reset(stream: StreamMachine, end: StreamEnd, now: number): void {
    stream.reset(end);
    this.#advance(stream, now);
  }

  /** Ends all streams without a word: the session is over. */
  abandon(end: StreamEnd, now: number): void {
    for (const stream of [...this.#streams.values()]) {
      stream.abandon(end);
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
  get recovery(): Pick<Recovery, "onPathChanged" | "setReliable" | "probeOldest"> {
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
    const { receiving, id: streamId } = stream;
    let sequence = 0;
    let payload: Uint8Array = NOTHING;
    if (type === "dataAck") {
      sequence = receiving.next;
      payload = this.#encodeAcks(stream, now);
    } else if (type === "finAck") sequence = receiving.end;
    else if (type === "syn") payload = new TextEncoder().encode(stream.info);
    encodeMessage({ kind: "stream", type, streamId, sequence, payload }, writer);
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
        const segment = stream.sending.segmentAt(sequence);
        if (segment?.kind === "fin") this.#recovery.onAcked(segment);
        return stream.sending.advance();
      }
      case "rst":
        return stream.onRst();
    }
  }

  #handleAck(stream: StreamMachine, lowestMissing: number, payload: Uint8Array, now: number): void {
    const list = decodeAckList(payload);
    if (list === undefined || list.length > MOST_ACK_ENTRIES) {
      this.#malformed++;
      return;
    }
    const sending = stream.sending;
    let isHonest = lowestMissing <= sending.next;
    for (let i = 0; i < list.length; i++) isHonest &&= list.at(i) < sending.next;
    if (!isHonest) {
      this.#malformed++;
      return stream.reset(brokenBy("acknowledged what was never sent"));
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
    if (segment !== undefined) this.#recovery.onAcked(segment);
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

  #encodeAcks(stream: StreamMachine, now: number): Uint8Array {
    const { receiving, acks } = stream;
    const entries = acks.takeEntries(receiving.next, this.#recovery.ackCopies, now);
    const limit = receiving.raiseLimit();
    const writer = new Writer(ackMemory);
    // Wire compatibility: the original has no flow limit.
    encodeAckList(entries, this.#context.isOwnKind ? limit : undefined, writer);
    return ackMemory.subarray(0, writer.length);
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

/** Where acknowledgements are put together: 150 entries, a count and a limit. */
const ackMemory = new Uint8Array(8 * 152);
