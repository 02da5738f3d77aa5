/**
 * One stream: how it opens, what it says, how it ends.
 *
 * ```
 * opening --SynAck or Data--> open --reset(), or what towards the original stands for an end--> resetting
 *    |                          |                                                                  |
 *    | Rst                      | both ends told and acknowledged, or Rst                          | Rst,
 *    v                          v                                                                  v 5 tries
 *  closed <-------------------------------------------------------------------------------------- closed
 * ```
 *
 * Ends, towards our own kind: the writer's end is the last segment of the stream (Fin), sent and
 * repeated like any other until its FinAck; reading goes on until the other side's. When both have
 * been told, the stream is closed. An end is never given up while the other side lives: it answers
 * even when it has forgotten the stream.
 *
 * Ends, towards the original: it knows no half-close. Its end, and ours, is a Rst once everything
 * written is acknowledged. It stops sending when it has our Rst, so ours waits until nothing has come
 * for two seconds (its first retransmission may take 1.9 s) and nothing is missing in between; when
 * nobody here reads any more, it is sent at once.
 *
 * A Rst is repeated until it is answered by one, a few times at the most (`rst_timer.ts`). The
 * original says its own only once: `reminder.ts` is for when that is lost.
 *
 * @module
 */
import type { Goodbye } from "../wire/extension.ts";
import type { StreamMessageType } from "../wire/message.ts";
import type { ResetCause } from "../wire/reset_cause.ts";
import { AckPolicy } from "./ack_policy.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { RefusalDetector } from "./refusal.ts";
import { Reminder } from "./reminder.ts";
import { RoomProbe } from "./room_probe.ts";
import { RstTimer } from "./rst_timer.ts";
import type { SegmentOwner } from "./segment.ts";
import { SendBuffer } from "./send_buffer.ts";
import type { StreamContext } from "./stream_context.ts";
import { brokenBy, cutBy, PROTOCOL_ERROR, type StreamEnd, unanswered } from "./stream_end.ts";

// Tuning.

/** First wait for an answer to Syn or Rst, ms and smoothed round trips; it doubles each time. */
const LEAST_REPEAT = 100;
const REPEAT_RTTS = 2;

/** Longest wait between two Syns, ms. */
const MOST_REPEAT = 2_000;

/** How long an opening waits for its answer, ms, while the other side is alive. */
const OPENING_TIMEOUT = 30_000;

/** How long nothing must have come before a Rst may end what the other side was sending, ms. */
const LINGER = 2_000;

/** What a stream may owe besides what a timer asks for, most urgent first. */
const DEBTS: readonly StreamMessageType[] = ["rst", "synAck", "dataAck", "finAck", "syn"];

type State =
  | {
    readonly kind: "opening";
    readonly nextSynAt: number;
    readonly wait: number;
    readonly giveUpAt: number;
    readonly hasLeft: boolean;
  }
  | { readonly kind: "open" }
  | { readonly kind: "resetting"; readonly timer: RstTimer; readonly end: StreamEnd }
  | { readonly kind: "closed"; readonly end: StreamEnd };

/** One stream of a multiplex. All times in ms. */
export class StreamMachine implements SegmentOwner {
  /** Its number, the same at both ends. Changes only while a collision of two openings is resolved. */
  id: number;
  /** What the opener said of it. */
  readonly info: string;

  oldestFrame = -1;
  newestFrame = -1;
  readonly refusal = new RefusalDetector();

  readonly sending: SendBuffer;
  readonly receiving: ReceiveBuffer;
  readonly acks = new AckPolicy();
  /** Active while the reader over there is full. */
  readonly room = new RoomProbe();

  readonly #context: StreamContext;
  readonly #reminder: Reminder;
  #state: State;
  /** Messages waiting to be sent; a DataAck only when it is the last one. */
  readonly #owes = new Set<StreamMessageType>();
  #heardAt: number;
  #isDiscarding = false;
  #isDoneSending = false;
  #isReadWhole = false;
  #resetCause: ResetCause | undefined;
  /** Whether something that had come was not read when this end cut the stream. */
  #hasThrownAway = false;

  /** @param isOpener Whether this end opened it. */
  constructor(
    id: number,
    info: string,
    isOpener: boolean,
    context: StreamContext,
    now: number,
  ) {
    this.id = id;
    this.info = info;
    this.#context = context;
    this.sending = new SendBuffer(this);
    this.receiving = new ReceiveBuffer(context.budget);
    this.#reminder = new Reminder(now);
    this.#heardAt = now;
    if (isOpener) {
      const giveUpAt = now + OPENING_TIMEOUT;
      const wait = this.#firstWait();
      this.#state = { kind: "opening", nextSynAt: now, wait, giveUpAt, hasLeft: false };
      this.#owes.add("syn");
    } else {
      this.#state = { kind: "open" };
      this.#owes.add("synAck");
    }
  }

  /** Where it stands. */
  get phase(): State["kind"] {
    return this.#state.kind;
  }

  /** How it ended, once it has for the application: a Rst may still be waiting for its answer. */
  get end(): StreamEnd | undefined {
    const state = this.#state;
    return state.kind === "resetting" || state.kind === "closed" ? state.end : undefined;
  }

  /** Why this end has cut it, if anything is to be said of that. */
  get resetCause(): ResetCause | undefined {
    return this.#resetCause;
  }

  /** Whether everything that will ever come has come, and come whole. */
  get isReadToEnd(): boolean {
    if (this.#hasThrownAway) return false;
    return this.receiving.isComplete ||
      (this.end !== undefined && (this.#isReadWhole || this.end.error === undefined));
  }

  /** Whether new data could be cut and sent now. */
  get hasData(): boolean {
    return this.#state.kind === "open" && !this.room.isActive &&
      this.sending.hasNext(this.#context.isOwnKind);
  }

  /** The next message to send besides data, without taking it. */
  get owed(): StreamMessageType | undefined {
    if (this.#owes.size > 0) {
      const { mayOpen } = this.#context;
      return DEBTS.find((type) => this.#owes.has(type) && (mayOpen || type !== "syn"));
    }
    return this.#state.kind === "open" && this.acks.isDue ? "dataAck" : undefined;
  }

  /** That message is being sent; a DataAck is settled by taking its entries. */
  onOwedSent(type: StreamMessageType, now: number): void {
    this.#owes.delete(type);
    if (type === "syn" && this.#state.kind === "opening") {
      const { wait, giveUpAt } = this.#state;
      this.#state = {
        kind: "opening",
        nextSynAt: now + wait,
        wait: Math.min(MOST_REPEAT, wait * 2),
        giveUpAt,
        hasLeft: true,
      };
    }
    if (type === "rst" && this.#state.kind === "resetting") this.#state.timer.onSent(now);
  }

  /** Openings may leave from now on: the time of one that had to wait for that begins. */
  onMayOpen(now: number): void {
    const state = this.#state;
    if (state.kind !== "opening" || state.hasLeft) return;
    this.#state = { ...state, giveUpAt: now + OPENING_TIMEOUT };
  }

  /** Takes another number: the other side has opened a stream with the same. */
  renumber(id: number): void {
    this.id = id;
    this.#owes.add("syn");
  }

  /** The other side has agreed to the stream, by a SynAck or by data. */
  onAgreed(): void {
    if (this.#state.kind !== "opening") return;
    this.#state = { kind: "open" };
    this.#owes.delete("syn");
  }

  /** A Syn has come again: our answer was lost. */
  onSynAgain(): void {
    if (this.#state.kind === "open") this.#owes.add("synAck");
  }

  /** A piece of data has come. */
  onData(sequence: number, payload: Uint8Array, now: number): void {
    if (this.#state.kind !== "open") return;
    this.#reminder.onHeard(now);
    // What nobody reads is not waited for.
    if (!this.#isDiscarding) this.#heardAt = now;
    const insertion = this.receiving.insert(sequence, payload);
    // One that came before is listed again: the list that had it was lost.
    const isAhead = insertion !== "refused" && sequence >= this.receiving.next;
    this.acks.onSegment(sequence, isAhead, now);
    if (this.receiving.isComplete) this.#owes.add("finAck");
  }

  /** The other side's writer has ended. */
  onFin(sequence: number, now: number): void {
    if (this.#state.kind !== "open") return;
    this.#heardAt = now;
    if (!this.receiving.setEnd(sequence)) {
      this.reset(brokenBy("contradicted itself"), PROTOCOL_ERROR);
      return;
    }
    this.#owes.add("finAck");
    this.advance(now);
  }

  /** The other side has cut the stream, and may have said why. */
  onRst(cause?: ResetCause): void {
    const state = this.#state;
    switch (state.kind) {
      case "closed":
        return;
      case "resetting":
        this.#close(state.end);
        return;
      case "opening":
        this.#close(cutBy("refused the stream", cause));
        return;
      case "open":
        this.#owes.add("rst");
        this.#close(this.#endByRst(cause));
        return;
    }
  }

  /** Nobody here reads any more. */
  discard(now: number): void {
    this.#isDiscarding = true;
    this.receiving.discard();
    this.advance(now);
  }

  /**
   * Cuts the stream.
   *
   * @param cause What the other side is told of the reason.
   */
  reset(end: StreamEnd, cause?: ResetCause): void {
    if (this.#state.kind === "closed" || this.#state.kind === "resetting") return;
    this.#resetCause = cause;
    this.#state = { kind: "resetting", timer: new RstTimer(this.#firstWait()), end };
    this.#owes.add("rst");
    this.#settle();
    if (end.error === undefined) return;
    this.#hasThrownAway = this.receiving.readable > 0;
    this.receiving.release();
  }

  /**
   * Ends it without a word: the session is over.
   *
   * @param goodbye How the other side has left, if it has. If it had no stream open, then what is whole
   * here had come to its end there, and only the last word of that was lost.
   */
  abandon(end: StreamEnd, goodbye?: Goodbye): void {
    if (this.#state.kind === "closed") return;
    const { sending, receiving } = this;
    const isOverThere = goodbye === "inOrder" && sending.isFinished && receiving.isComplete;
    this.#close(this.end ?? (isOverThere ? { by: "remote" } : end));
    this.#owes.clear();
  }

  /** Looks whether the stream has come to its end; to be called after anything has changed. */
  advance(now: number): void {
    if (this.#state.kind !== "open" || !this.sending.isFinished) return;
    if (!this.sending.isDelivered) return;
    if (!this.#isDoneSending) {
      this.#isDoneSending = true;
      this.#heardAt = now;
    }
    if (this.#context.isOwnKind) {
      if (!this.sending.isFinAcked) return;
      if (this.receiving.isComplete) this.#closeByEnds();
      else if (now >= this.#lingersUntil()) this.reset({ by: "local" });
    } else if (now >= this.#lingersUntil()) this.reset({ by: "local" });
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    const state = this.#state;
    if (state.kind === "opening") {
      return this.#owes.has("syn") ? state.giveUpAt : Math.min(state.nextSynAt, state.giveUpAt);
    }
    if (state.kind === "resetting") return state.timer.deadline;
    if (state.kind === "closed") return Infinity;
    return Math.min(
      this.acks.deadline,
      this.room.deadline,
      this.#isWaitingToReset() ? this.#lingersUntil() : Infinity,
      this.#context.isOwnKind ? Infinity : this.#reminder.deadline,
    );
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    const state = this.#state;
    switch (state.kind) {
      case "opening":
        if (now >= state.giveUpAt) this.#close(unanswered());
        else if (now >= state.nextSynAt) this.#owes.add("syn");
        return;
      case "resetting": {
        const verdict = state.timer.handleTimeout(this.#context, now);
        if (verdict === "send") this.#owes.add("rst");
        else if (verdict === "giveUp") this.#close(state.end);
        return;
      }
      case "open":
        this.acks.handleTimeout(now);
        this.room.handleTimeout(now);
        if (!this.#context.isOwnKind && this.#reminder.handleTimeout(now)) this.acks.request();
        this.advance(now);
        return;
      case "closed":
        return;
    }
  }

  #firstWait(): number {
    return Math.max(LEAST_REPEAT, REPEAT_RTTS * this.#context.rtt.smoothed);
  }

  #isWaitingToReset(): boolean {
    if (!this.#isDoneSending) return false;
    return this.#context.isOwnKind ? this.#isDiscarding && this.sending.isFinAcked : true;
  }

  /** When the other side has had its chance to finish what it was sending. */
  #lingersUntil(): number {
    if (this.#context.isOwnKind) {
      return this.#isDiscarding ? this.#heardAt + LINGER : Infinity;
    }
    if (this.#isDiscarding) return -Infinity;
    return this.receiving.hasHoles ? Infinity : this.#heardAt + LINGER;
  }

  /**
   * What a Rst from the other side means for what was under way.
   *
   * Wire compatibility: the original's Rst is its ordinary end. It is sent when all of its data is
   * acknowledged, and without acknowledging the last of ours; so nothing is wrong as long as nothing
   * is missing of its data, and all of ours has at least been sent.
   */
  #endByRst(cause: ResetCause | undefined): StreamEnd {
    const { sending, receiving } = this;
    this.#isReadWhole = this.#context.isOwnKind ? receiving.isComplete : !receiving.hasHoles;
    const isWrittenWhole = this.#context.isOwnKind
      ? sending.isFinished && sending.isDelivered
      : sending.unsent === 0;
    return this.#isReadWhole && isWrittenWhole && cause === undefined
      ? { by: "remote" }
      : cutBy("cut the stream", cause);
  }

  #close(end: StreamEnd): void {
    this.#state = { kind: "closed", end };
    this.#settle();
  }

  /** The other side has to learn that all it sent has come, or it would go on asking. */
  #closeByEnds(): void {
    const owesFinAck = this.#owes.has("finAck");
    this.acks.conclude();
    this.#close({ by: "local" });
    if (owesFinAck) this.#owes.add("finAck");
    if (this.acks.isDue) this.#owes.add("dataAck");
  }

  /** Nothing more is taken, and nothing but a Rst is said. */
  #settle(): void {
    this.room.stop();
    this.receiving.cut();
    for (const type of DEBTS) if (type !== "rst") this.#owes.delete(type);
  }
}
