/**
 * The multiplex: reliable streams and unreliable messages over the bodies of one session.
 *
 * It takes bodies and gives bodies, and knows nothing of packets: what it must know of the frames
 * that carried them it is told (`onFrameSent`, `onCounters`).
 *
 * The order of sending: a ping, answers, what streams owe (openings, ends, acknowledgements),
 * unreliable messages, and segments, which alone are held back by window and pacer; and when there is
 * nothing of all that, now and then a report (`report_timer.ts`).
 *
 * A body that is no message is answered by Empty, which is how either side learns that the other
 * lives: a ping is such a body.
 *
 * @module
 */
import { decodeMessage, encodeMessage } from "../wire/message.ts";
import { Writer } from "../wire/writer.ts";
import { Answers } from "./answers.ts";
import { LivenessMachine } from "./liveness.ts";
import { MessageQueue } from "./message_queue.ts";
import { ReliableLane, type ReliableLaneOptions, type ReliableLaneStats } from "./reliable_lane.ts";
import { ANSWER, QUESTION, type SentMessage } from "./sent_message.ts";
import { ReportTimer } from "./report_timer.ts";
import type { StreamMachine } from "./stream_machine.ts";

// Protocol constants.

/** A body that is no message: an unknown variant. */
const PING = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

// Tuning.

/** How long the round trip may go unmeasured while unreliable messages leave, ms. */
const QUESTION_INTERVAL = 1000;

/** What a multiplex has to tell. `stream`: something about it has changed; look at it. */
export type MuxEvent =
  | { readonly kind: "incoming"; readonly stream: StreamMachine }
  | { readonly kind: "stream"; readonly stream: StreamMachine }
  | { readonly kind: "unreliable" }
  | { readonly kind: "dead" };

/** Settings of a multiplex. */
export interface MuxOptions extends ReliableLaneOptions {
  /** How long an awaited answer may stay away before the peer counts as dead, ms. */
  readonly deadAfter: number;
}

/** What a multiplex has counted. */
export interface MuxStats extends ReliableLaneStats {
  /** Unreliable messages that nobody read in time. */
  readonly unreliableDropped: number;
}

/** The multiplex of one session. All times in ms. */
export class MuxMachine {
  /** The streams. */
  readonly streams: ReliableLane;
  readonly #answers = new Answers();
  readonly #liveness: LivenessMachine;
  readonly #incoming: MessageQueue;
  readonly #outgoing = new MessageQueue();
  readonly #report = new ReportTimer();
  #reportIsDue = false;
  #pingIsDue = false;
  #isSought = false;
  #isHeld = false;
  #askedAt = -Infinity;
  #isDead = false;
  #heardUnreliable = false;
  #malformed = 0;
  #sent: SentMessage = ANSWER;

  /** @param now The time at the start. */
  constructor(options: MuxOptions, now: number) {
    this.streams = new ReliableLane(options, this.#answers, now);
    this.#incoming = new MessageQueue(options.bytes);
    this.#liveness = new LivenessMachine(options.deadAfter);
  }

  /** What has been counted. */
  get stats(): MuxStats {
    const stats = this.streams.stats;
    return {
      ...stats,
      malformed: stats.malformed + this.#malformed,
      messageDrops: { ...stats.messageDrops, undecodable: this.#malformed },
      unreliableDropped: this.#incoming.dropped,
    };
  }

  /** Asks the other side for a sign of life. */
  ping(): void {
    this.#pingIsDue = true;
  }

  /** Whether it is looked for by other means: then silence is asked about by these alone. */
  setSought(isSought: boolean): void {
    this.#isSought = isSought;
  }

  /**
   * Whether what begins something stays here, and messages too: nobody knows yet whether the other end
   * goes on with this session.
   */
  hold(isHeld: boolean, now: number): void {
    this.#isHeld = isHeld;
    this.streams.holdOpenings(isHeld, now);
  }

  /**
   * Takes a copy of an unreliable message; it leaves with the next polls.
   *
   * @param maxAge How old it may be for a repair to be of use, ms; 0: none is wanted.
   */
  sendUnreliable(payload: Uint8Array, maxAge: number = 0): void {
    this.#outgoing.add(payload, maxAge);
  }

  /** How old the body that was polled last may be for a repair to be of use, ms; 0: none is wanted. */
  get maxAge(): number {
    return this.#sent.maxAge;
  }

  /** Whether the body that was polled last is answered at once. */
  get isQuestion(): boolean {
    return this.#sent.isEliciting;
  }

  /** Takes an unreliable message that has come. */
  takeUnreliable(): Uint8Array | undefined {
    return this.#incoming.take();
  }

  /** A frame of the other side has come, for the first time. */
  onFrameReceived(frame: number, now: number): void {
    if (this.streams.onArrived(frame)) this.#report.onLoss(now);
  }

  /** A body has come. Borrowed until the call returns. */
  handleBody(body: Uint8Array, now: number): void {
    this.#liveness.onHeard();
    const message = decodeMessage(body);
    switch (message?.kind) {
      case undefined:
        if (body.length !== PING.length || body[0] !== PING[0]) this.#malformed++;
        this.#answers.add({ kind: "empty" });
        break;
      case "empty":
        break;
      case "unreliable":
        this.#incoming.add(message.payload);
        this.#heardUnreliable = true;
        this.#report.onHeard(now);
        break;
      case "stream":
        this.streams.handleMessage(message, now);
        break;
    }
    this.streams.settle(now);
  }

  /** When {@linkcode handleTimeout} wants to be called; may be too early. */
  get deadline(): number {
    return Math.min(this.streams.deadline, this.#liveness.deadline, this.#report.deadline);
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    this.streams.handleTimeout(now);
    if (this.#report.handleTimeout(now)) this.#reportIsDue = true;
    this.#liveness.handleTimeout(now);
    for (let event = this.#liveness.pollEvent(); event; event = this.#liveness.pollEvent()) {
      if (event.kind === "dead") this.#isDead = true;
      else if (!this.#isSought) this.#pingIsDue = true;
    }
  }

  /** Nothing has been said or heard for long: gives back what was kept for what is on its way. */
  rest(): void {
    this.streams.recovery.rest();
  }

  /**
   * Writes the next body to send.
   *
   * @param into Lent; 1,400 bytes are always enough.
   * @returns Its length, 0: nothing now. {@linkcode onFrameSent} must follow before anything else.
   */
  pollTransmit(into: Uint8Array, now: number): number {
    const writer = new Writer(into);
    const sent = this.#pollQuestion(writer) ?? this.streams.pollOwed(writer, now) ??
      this.#pollUnreliable(writer, now) ?? this.streams.pollSegment(writer, now) ??
      this.#pollReport(writer);
    if (sent === undefined) return 0;
    this.#sent = sent;
    return writer.length;
  }

  /** The body has left, in the frame of that number. */
  onFrameSent(frame: number, now: number): void {
    this.streams.onFrameSent(frame, this.#sent, now);
    this.#report.onSpoken(now);
    this.#reportIsDue = false;
    if (this.#sent.isEliciting) {
      this.#askedAt = now;
      this.#liveness.onAsked(now);
    }
    if (this.#sent.isQuestion) this.#liveness.onSent(now);
  }

  /** The next thing to tell, or `undefined`. */
  pollEvent(): MuxEvent | undefined {
    const incoming = this.streams.takeIncoming();
    if (incoming !== undefined) return { kind: "incoming", stream: incoming };
    const changed = this.streams.takeChanged();
    if (changed !== undefined) return { kind: "stream", stream: changed };
    if (this.#heardUnreliable) {
      this.#heardUnreliable = false;
      return { kind: "unreliable" };
    }
    if (!this.#isDead) return undefined;
    this.#isDead = false;
    return { kind: "dead" };
  }

  #pollQuestion(writer: Writer): SentMessage | undefined {
    if (this.streams.takeQuestion() && !this.#isSought) this.#pingIsDue = true;
    if (!this.#pingIsDue) return this.#answers.poll(writer) ? ANSWER : undefined;
    this.#pingIsDue = false;
    writer.bytes(PING);
    return QUESTION;
  }

  #pollUnreliable(writer: Writer, now: number): SentMessage | undefined {
    const payload = this.#isHeld ? undefined : this.#outgoing.take();
    if (payload === undefined) return undefined;
    // Nobody answers it: without a question now and then neither the path nor the peer is known.
    if (now - this.#askedAt >= QUESTION_INTERVAL) this.#pingIsDue = true;
    encodeMessage({ kind: "unreliable", payload }, writer);
    return { ...ANSWER, maxAge: this.#outgoing.maxAge };
  }

  #pollReport(writer: Writer): SentMessage | undefined {
    if (!this.#reportIsDue) return undefined;
    encodeMessage({ kind: "empty" }, writer);
    return ANSWER;
  }
}
