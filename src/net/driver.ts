/**
 * Drives the machines of one session: the only place where their outputs are drained.
 *
 * After each thing that happens (a datagram, a call of the program, an alarm) everything that the
 * machines want to send is sent, everything that they have to tell is told, and the alarm is set to
 * their next deadline. All of it is synchronous: the promises of the public classes begin above.
 *
 * @module
 */
import type { MuxEvent, MuxMachine } from "../mux/machine.ts";
import { ReportTimer } from "../mux/report_timer.ts";
import type { RepairMachine } from "../repair/machine.ts";
import {
  MOST_PACKET_RECEIVED,
  type PacketOutcome,
  type ReceivedBody,
  type SessionMachine,
} from "../session/machine.ts";
import { isReliable } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";
import { forgottenStreams, goneOver, idleTooLong, lostConnection } from "./closure.ts";
import type { Closure } from "./contract.ts";
import { recordCourse } from "./course.ts";
import { Continuation, type Fate } from "./continuation.ts";
import type { Association, DriverObserver, DriverOptions } from "./driver_contract.ts";
import { createRepair, maxAgeOf } from "./create_repair.ts";
import { FrameNumbers } from "./frame_numbers.ts";
import type { SessionPath } from "./session_path.ts";
import { tellState } from "./tell_state.ts";

/** Where bodies and packets are put together. Shared: each is used up before anything else happens. */
const bodyMemory = new Uint8Array(MOST_PACKET_RECEIVED);
const packetMemory = new Uint8Array(MOST_PACKET_RECEIVED);

/** The driver of one session. */
export class SessionDriver {
  readonly #options: DriverOptions;
  readonly #alarm: Alarm;
  #session: SessionMachine;
  #path: SessionPath;
  #observer: DriverObserver | undefined;
  #mux: MuxMachine | undefined;
  /** Tells our own kind what has come, while there is no multiplex to do it. */
  readonly #report = new ReportTimer();
  #repairMachine: RepairMachine | undefined;
  readonly #numbers = new FrameNumbers();
  readonly #continuation = new Continuation();
  #successor: SessionDriver | undefined;
  #onMuxEvent: (event: MuxEvent) => void = () => {};
  #window: (() => number) | undefined;
  #activeAt: number;
  #sendsDropped = 0;
  #foreign = 0;
  /** Whether data waits until the other end of a new session has spoken. */
  #isHeld = false;
  #closure: Closure | undefined;

  constructor(options: DriverOptions, { session, path }: Association) {
    this.#options = options;
    this.#session = session;
    this.#path = path;
    this.#activeAt = options.host.now();
    this.#repairMachine = createRepair(options.repair, this.#activeAt);
    this.#alarm = new Alarm(options.host, () => this.#onAlarm());
  }

  /** Parts that the public classes need. */
  get options(): DriverOptions {
    return this.#options;
  }

  /** The session, as it is now: it may be replaced. */
  get session(): SessionMachine {
    return this.#session;
  }

  /** The way of its packets. */
  get path(): SessionPath {
    return this.#path;
  }

  /** How the session ended, once it has. */
  get closure(): Closure | undefined {
    return this.#closure;
  }

  /** What is done against the loss of what we send; `undefined` when it is off, or nothing is lost. */
  get repair(): RepairMachine | undefined {
    return isReliable(this.#path.carrier) ? undefined : this.#repairMachine;
  }

  /** How old a datagram may be to be of use, ms, unless it says otherwise. */
  get maxAge(): number {
    return maxAgeOf(this.#options.repair);
  }

  /** Packets that could not be sent here. */
  get sendsDropped(): number {
    return this.#sendsDropped;
  }

  /** Datagrams that were not made by the other side. */
  get foreign(): number {
    return this.#foreign;
  }

  /** Begins; nothing is told before. */
  start(observer: DriverObserver): void {
    this.#observer = observer;
    // The resume that goes before it could be anybody's: this proves that the client has the keys.
    if (this.#options.role === "client") this.#ask(this.#options.host.now());
    this.flush();
  }

  /**
   * From now on bodies go to a multiplex, and come from it.
   *
   * @param window Packets that it may have in flight, for logs.
   */
  attach(mux: MuxMachine, onEvent: (event: MuxEvent) => void, window: () => number): void {
    this.#mux = mux;
    this.#window = window;
    this.#onMuxEvent = onEvent;
  }

  /**
   * A datagram has come that may be a packet of this session. Unless it is foreign, `flush` must
   * follow.
   */
  handleDatagram(datagram: Uint8Array): PacketOutcome {
    if (this.#closure !== undefined) return "foreign";
    const outcome = this.#session.handleDatagram(datagram, this.#options.host.now());
    this.handleOpened(outcome);
    return outcome;
  }

  /** The session has opened a packet, with that outcome; what it brought is taken. */
  handleOpened(outcome: PacketOutcome): void {
    const session = this.#session;
    const now = this.#options.host.now();
    if (outcome === "foreign") this.#foreign++;
    // Whatever else comes may be a replay, and keeps nothing alive.
    if (outcome === "newest" || outcome === "late") {
      this.#activeAt = now;
      this.#isHeld = false;
      this.#follow(this.#continuation.judge(session));
    }
    if (session.isOwnKind) this.#mux?.streams.onOwnKind();
    if (session.solvesJointly) this.repair?.onJointSolver();
    if (session.toldLoss !== undefined) this.repair?.onLossByte(session.toldLoss, now);
    for (let received = session.pollBody(); received; received = session.pollBody()) {
      this.#takeBody(received, now);
    }
    recordCourse(this.#options, session, now);
  }

  /**
   * The same ends have agreed on another session: it takes the place of this one. What was on its way
   * is sent again.
   *
   * @param isKnown Whether the other end is known to go on with this one, too; else that is asked, and
   * no data is sent before the answer.
   */
  replace({ session, path }: Association, isKnown: boolean): void {
    const now = this.#options.host.now();
    if (!isKnown) {
      this.#continuation.claim(this.#session, session);
      this.#isHeld = true;
    }
    this.#numbers.onReplaced(this.#session.lastFrame);
    if (path !== this.#path) this.#path.close();
    this.#session = session;
    this.#path = path;
    this.#activeAt = now;
    this.#repairMachine = createRepair(this.#options.repair, now);
    this.#mux?.streams.recovery.onPathChanged();
    this.#ask(now);
  }

  /** The session of another driver, which has no multiplex, takes the place of this one. */
  takeOver(other: SessionDriver): void {
    const { session } = other;
    const path = this.#options.inherit?.(session.identity.name) ?? other.path;
    other.#successor = this;
    other.end(goneOver());
    // A server of the original cannot be asked: its program must do the same.
    const isAsked = this.#options.role === "client" && session.isOwnKind;
    this.replace({ session, path }, !isAsked);
    this.flush();
  }

  /** This one, or the one that has taken it over. */
  get current(): SessionDriver {
    return this.#successor?.current ?? this;
  }

  /** The client has shown itself by a resume, and wants to hear that it has arrived. */
  onResume(): void {
    const now = this.#options.host.now();
    this.#activeAt = now;
    if (this.#session.isOwnKind && this.#mux === undefined) this.#sendReport(false, now);
  }

  /**
   * Sends a body; `false`: dropped here.
   *
   * @param maxAge How old it may be to be of use, ms; 0: it is not repaired.
   */
  send(body: Uint8Array, maxAge: number = this.maxAge): boolean {
    const now = this.#options.host.now();
    const isSent = this.#send(body, maxAge, false, now);
    this.#transmitBeside(now);
    this.#arm();
    return isSent;
  }

  /** The other end speaks from somewhere else: what was on its way to where it was is lost. */
  onMoved(): void {
    this.#mux?.streams.recovery.onPathChanged();
  }

  /** The network may have changed, or is back: some of what waits for an answer goes with the question. */
  refresh(): void {
    this.#path.refresh();
    this.#mux?.streams.recovery.probeOldest();
    this.ask();
  }

  /** Asks the other end for a sign of life. */
  ask(): void {
    this.#ask(this.#options.host.now());
    this.flush();
  }

  /** Sends, tells and waits for whatever has come of the last call into a machine. */
  flush(): void {
    if (this.#closure !== undefined) return;
    const now = this.#options.host.now();
    const mux = this.#mux;
    if (this.#path.handleTimeout(now)) this.#ask(now);
    this.#session.pathMtu.setReliable(isReliable(this.#path.carrier));
    // Where long packets pass no more, what was on its way is sent again in shorter ones.
    if (this.#session.pathMtu.handleTimeout(now)) mux?.streams.recovery.onPathChanged();
    if (mux !== undefined) {
      do this.#transmitAll(mux, now); while (this.#tellAll(mux));
      if (this.#closure !== undefined) return;
    }
    this.#transmitBeside(now);
    this.#arm();
  }

  /** Ends the session. Streams that are open end with it. */
  end(closure: Closure): void {
    if (this.#closure !== undefined) return;
    this.#alarm.cancel();
    const mux = this.#mux;
    this.#closure = closure;
    if (this.#successor === undefined) this.#path.close();
    if (mux !== undefined) {
      mux.streams.abandon(closure, this.#options.host.now());
      this.#tellAll(mux);
    }
    this.#observer?.onEnd(closure);
  }

  #follow(fate: Fate | undefined): void {
    if (fate === "ended") this.end({ by: "remote" });
    if (fate === "forgotten") {
      this.#mux?.streams.abandon(forgottenStreams(), this.#options.host.now());
    }
  }

  #takeBody(received: ReceivedBody, now: number): void {
    const session = this.#session;
    const { body, highReceived, totalReceived } = received;
    this.#options.stats?.increment("total_recv_bytes", body.length, now);
    this.repair?.onCounters(highReceived, totalReceived, now);
    const mux = this.#mux;
    if (mux === undefined) {
      if (received.isReport) return;
      if (session.receiveLoss > 0) this.#report.onLoss(now);
      if (session.isOwnKind) this.#report.onHeard(now);
      this.#observer?.onBody(body);
      return;
    }
    mux.onFrameReceived(this.#numbers.received(received.frameNumber), now);
    if (totalReceived > 0) {
      const { highest, total } = this.#numbers.told(highReceived, totalReceived);
      mux.streams.onCounters(highest, total);
    }
    if (received.isReport) mux.streams.settle(now);
    else mux.handleBody(body, now);
  }

  #transmitAll(mux: MuxMachine, now: number): void {
    const session = this.#session;
    mux.streams.setMostBody(session.mostBody);
    // A reader of the original drops what does not fit, over a stream too.
    mux.streams.recovery.setReliable(isReliable(this.#path.carrier) && session.isOwnKind);
    mux.setSought(this.#path.isSought);
    for (;;) {
      mux.streams.hold(this.#isHeld || this.#path.isFull);
      const length = mux.pollTransmit(bodyMemory, now);
      if (length === 0) return;
      this.#send(bodyMemory.subarray(0, length), mux.maxAge, mux.isQuestion, now);
      mux.onFrameSent(this.#numbers.sent(session.lastFrame), now);
    }
  }

  #tellAll(mux: MuxMachine): boolean {
    let hasTold = false;
    for (let event = mux.pollEvent(); event !== undefined; event = mux.pollEvent()) {
      hasTold = true;
      if (event.kind === "dead") this.end(lostConnection());
      else this.#onMuxEvent(event);
    }
    return hasTold && this.#closure === undefined;
  }

  /** Asks the other end for a sign of life. One of the original without a multiplex has no answer. */
  #ask(now: number): void {
    if (this.#mux !== undefined) this.#mux.ping();
    else if (this.#session.isOwnKind) this.#sendReport(true, now);
  }

  #sendReport(isQuestion: boolean, now: number): void {
    const session = this.#session;
    this.#report.onSpoken(now);
    this.#path.prepare(isQuestion, now);
    tellState(this.#options, this.#path, this.#window);
    const length = session.encodeReport(packetMemory, now);
    this.repair?.onFrameSent(session.lastFrame, session.lastBody, 0, now);
    this.#transmit(packetMemory.subarray(0, length), now);
  }

  /** Parity, and what asks about the path. */
  #transmitBeside(now: number): void {
    const session = this.#session;
    for (let frame = this.repair?.pollParity(now); frame; frame = this.repair?.pollParity(now)) {
      tellState(this.#options, this.#path, this.#window);
      const length = session.encodeParity(frame, packetMemory, now);
      this.#transmit(packetMemory.subarray(0, length), now);
    }
    let length = session.pollControl(packetMemory, now);
    for (; length > 0; length = session.pollControl(packetMemory, now)) {
      this.#transmit(packetMemory.subarray(0, length), now);
    }
  }

  #send(body: Uint8Array, maxAge: number, isQuestion: boolean, now: number): boolean {
    const session = this.#session;
    // A server hears from its clients or lets them go; a client may have nothing to hear.
    if (this.#options.role === "client") this.#activeAt = now;
    this.#report.onSpoken(now);
    this.#options.stats?.increment("total_sent_bytes", body.length, now);
    let isSent = true;
    this.#path.prepare(isQuestion, now);
    tellState(this.#options, this.#path, this.#window);
    let length = session.encode(body, packetMemory, now);
    for (; length > 0; length = session.encodeRest(packetMemory, now)) {
      this.repair?.onFrameSent(session.lastFrame, session.lastBody, maxAge, now);
      isSent = this.#transmit(packetMemory.subarray(0, length), now) && isSent;
    }
    return isSent;
  }

  #transmit(packet: Uint8Array, now: number): boolean {
    const isSent = this.#path.send(packet, now);
    if (!isSent) this.#sendsDropped++;
    return isSent;
  }

  #onAlarm(): void {
    const now = this.#options.host.now();
    // By this a sleep is noticed, too: who slept has not been idle.
    if (this.#path.handleTimeout(now)) this.#ask(now);
    if (now >= this.#idleAt) {
      this.end(idleTooLong(this.#options.idleTimeout));
      return;
    }
    this.#mux?.handleTimeout(now);
    this.repair?.handleTimeout(now);
    if (this.#report.handleTimeout(now)) this.#sendReport(false, now);
    this.flush();
  }

  get #idleAt(): number {
    return Math.max(this.#activeAt, this.#path.wokeAt) + this.#options.idleTimeout;
  }

  #arm(): void {
    if (this.#closure !== undefined) return;
    const { deadline = Infinity } = this.#mux ?? {};
    const { deadline: parityAt = Infinity } = this.repair ?? {};
    const own = Math.min(this.#idleAt, this.#path.deadline, this.#report.deadline);
    this.#alarm.set(Math.min(own, deadline, parityAt, this.#session.pathMtu.deadline));
  }
}
