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
 * been told, the stream is closed. A Fin that is not answered although everything else is done
 * closes the stream after some repetitions: the other side has gone, and nothing is lost by it.
 *
 * Ends, towards the original: it knows no half-close. Its end, and ours, is a Rst once everything
 * written is acknowledged. It stops sending when it has our Rst, so ours waits until nothing has come
 * for two seconds (its first retransmission may take 1.9 s) and nothing is missing in between; when
 * nobody here reads any more, it is sent at once.
 *
 * A Rst is repeated until it is answered by one, five times at the most.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { StreamMessageType } from "../wire/message.ts";
import { AckPolicy } from "./ack_policy.ts";
import { type ReceiveBudget, ReceiveBuffer } from "./receive_buffer.ts";
import { RefusalDetector } from "./refusal.ts";
import { RoomProbe } from "./room_probe.ts";
import type { RttEstimator } from "./rtt.ts";
import type { SegmentOwner } from "./segment.ts";
import { SendBuffer } from "./send_buffer.ts";

// Tuning.

/** First wait for an answer to Syn or Rst, ms and smoothed round trips; it doubles each time. */
const LEAST_REPEAT = 100;
const REPEAT_RTTS = 2;

/** Longest wait between two Syns, ms. */
const MOST_REPEAT = 2_000;

/** How long an opening waits for its answer, ms, while the other side is alive. */
const OPENING_TIMEOUT = 30_000;

/** A Rst is sent this often at the most. */
const MOST_RSTS = 5;

/** How long nothing must have come before a Rst may end what the other side was sending, ms. */
const LINGER = 2_000;

/** Times that an end is sent before its answer is given up, when nothing else is open. */
const MOST_LONE_FINS = 6;

/** How a stream ended. */
export interface StreamEnd {
  readonly by: "local" | "remote" | "timeout" | "error";
  /** Why, unless everything written and sent had arrived. */
  readonly error?: SosistabError;
}

type State =
  | {
    readonly kind: "opening";
    readonly nextSynAt: number;
    readonly wait: number;
    readonly giveUpAt: number;
  }
  | { readonly kind: "open" }
  | {
    readonly kind: "resetting";
    readonly nextRstAt: number;
    readonly wait: number;
    readonly sent: number;
    readonly end: StreamEnd;
  }
  | { readonly kind: "closed"; readonly end: StreamEnd };

/** What the streams of one session share, as a stream sees it. */
export interface StreamContext {
  readonly budget: ReceiveBudget;
  /** Whether the other side is known to be of our own kind. */
  readonly isOwnKind: boolean;
  readonly rtt: RttEstimator;
}

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
  #state: State;
  /** Messages without a timer of their own, waiting to be sent. */
  #owes = { syn: false, synAck: false, finAck: false, rst: false };
  #heardAt: number;
  #isDiscarding = false;
  #isDoneSending = false;
  #isReadWhole = false;

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
    this.#heardAt = now;
    if (isOpener) {
      const giveUpAt = now + OPENING_TIMEOUT;
      this.#state = { kind: "opening", nextSynAt: now, wait: this.#firstWait(), giveUpAt };
      this.#owes.syn = true;
    } else {
      this.#state = { kind: "open" };
      this.#owes.synAck = true;
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

  /** Whether everything that will ever come has come, and come whole. */
  get isReadToEnd(): boolean {
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
    if (this.#owes.rst) return "rst";
    if (this.#state.kind === "closed" || this.#state.kind === "resetting") return undefined;
    if (this.#owes.synAck) return "synAck";
    if (this.#owes.finAck) return "finAck";
    if (this.#owes.syn) return "syn";
    return this.acks.isDue ? "dataAck" : undefined;
  }

  /** That message is being sent; a DataAck is settled by taking its entries. */
  onOwedSent(type: StreamMessageType, now: number): void {
    if (type === "synAck") this.#owes.synAck = false;
    if (type === "finAck") this.#owes.finAck = false;
    if (type === "syn" && this.#state.kind === "opening") {
      this.#owes.syn = false;
      const { wait, giveUpAt } = this.#state;
      this.#state = {
        kind: "opening",
        nextSynAt: now + wait,
        wait: Math.min(MOST_REPEAT, wait * 2),
        giveUpAt,
      };
    }
    if (type === "rst") this.#owes.rst = false;
    if (type === "rst" && this.#state.kind === "resetting") {
      const { wait, sent, end } = this.#state;
      this.#state = {
        kind: "resetting",
        nextRstAt: now + wait,
        wait: wait * 2,
        sent: sent + 1,
        end,
      };
    }
  }

  /** The other side has agreed to the stream, by a SynAck or by data. */
  onAgreed(): void {
    if (this.#state.kind !== "opening") return;
    this.#state = { kind: "open" };
    this.#owes.syn = false;
  }

  /** A Syn has come again: our answer was lost. */
  onSynAgain(): void {
    if (this.#state.kind === "open") this.#owes.synAck = true;
  }

  /** A piece of data has come. */
  onData(sequence: number, payload: Uint8Array, now: number): void {
    if (this.#state.kind !== "open") return;
    this.#heardAt = now;
    const insertion = this.receiving.insert(sequence, payload);
    const isAhead = insertion === "accepted" && sequence >= this.receiving.next;
    this.acks.onSegment(sequence, isAhead, now);
    if (this.receiving.isComplete) this.#owes.finAck = true;
  }

  /** The other side's writer has ended. */
  onFin(sequence: number, now: number): void {
    if (this.#state.kind !== "open") return;
    this.#heardAt = now;
    if (!this.receiving.setEnd(sequence)) {
      const error = new SosistabError("reset", "the other end contradicted itself");
      this.reset(now, { by: "error", error });
      return;
    }
    this.#owes.finAck = true;
    this.advance(now);
  }

  /** The other side has cut the stream. */
  onRst(): void {
    const state = this.#state;
    switch (state.kind) {
      case "closed":
        return;
      case "resetting":
        this.#close(state.end);
        return;
      case "opening":
        this.#close({
          by: "remote",
          error: new SosistabError("reset", "the other end refused the stream"),
        });
        return;
      case "open":
        this.#owes.rst = true;
        this.#close(this.#endByRst());
        return;
    }
  }

  /** Nobody here reads any more. */
  discard(now: number): void {
    this.#isDiscarding = true;
    this.receiving.discard();
    this.advance(now);
  }

  /** Cuts the stream. */
  reset(now: number, end: StreamEnd): void {
    if (this.#state.kind === "closed" || this.#state.kind === "resetting") return;
    this.#owes.rst = true;
    this.#state = { kind: "resetting", nextRstAt: now, wait: this.#firstWait(), sent: 0, end };
    this.#dropDebts();
  }

  /** Ends it without a word: the session is over. */
  abandon(end: StreamEnd): void {
    if (this.#state.kind === "closed") return;
    this.#close(this.end ?? end);
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
      const isAnswered = this.sending.isFinAcked ||
        this.sending.finTransmissions >= MOST_LONE_FINS;
      if (this.receiving.isComplete && isAnswered) this.#close({ by: "local" });
      else if (this.sending.isFinAcked && now >= this.#lingersUntil()) {
        this.reset(now, { by: "local" });
      }
    } else if (now >= this.#lingersUntil()) this.reset(now, { by: "local" });
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    const state = this.#state;
    if (state.kind === "opening") {
      return this.#owes.syn ? state.giveUpAt : Math.min(state.nextSynAt, state.giveUpAt);
    }
    if (state.kind === "resetting") return this.#owes.rst ? Infinity : state.nextRstAt;
    if (state.kind === "closed") return Infinity;
    return Math.min(
      this.acks.deadline,
      this.room.deadline,
      this.#isWaitingToReset() ? this.#lingersUntil() : Infinity,
    );
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    const state = this.#state;
    switch (state.kind) {
      case "opening":
        if (now >= state.giveUpAt) this.#close(UNANSWERED);
        else if (now >= state.nextSynAt) this.#owes.syn = true;
        return;
      case "resetting":
        if (now < state.nextRstAt) return;
        if (state.sent >= MOST_RSTS) this.#close(state.end);
        else this.#owes.rst = true;
        return;
      case "open":
        this.acks.handleTimeout(now);
        this.room.handleTimeout(now);
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
  #endByRst(): StreamEnd {
    const { sending, receiving } = this;
    this.#isReadWhole = this.#context.isOwnKind ? receiving.isComplete : !receiving.hasHoles;
    const isWrittenWhole = this.#context.isOwnKind
      ? sending.isFinished && sending.isDelivered
      : sending.unsent === 0;
    return this.#isReadWhole && isWrittenWhole
      ? { by: "remote" }
      : { by: "remote", error: new SosistabError("reset", "the other end cut the stream") };
  }

  #close(end: StreamEnd): void {
    this.#state = { kind: "closed", end };
    this.#dropDebts();
  }

  /** Nothing but a Rst is said after the end. */
  #dropDebts(): void {
    this.room.stop();
    this.#owes.syn = this.#owes.synAck = this.#owes.finAck = false;
  }
}

const UNANSWERED: StreamEnd = {
  by: "timeout",
  error: new SosistabError("no-answer", "the other end did not answer the opening of the stream"),
};
