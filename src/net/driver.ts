/**
 * Drives the machines of one session: the only place where their outputs are drained.
 *
 * After each thing that happens (a datagram, a call of the program, an alarm) everything that the
 * machines want to send is sent, everything that they have to tell is told, and the alarm is set to
 * their next deadline. All of it is synchronous: the promises of the public classes begin above.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import type { MuxEvent, MuxMachine } from "../mux/machine.ts";
import type { RepairMachine } from "../repair/machine.ts";
import { type PacketOutcome, type ReceivedBody, type SessionMachine } from "../session/machine.ts";
import { reportFault } from "../transport/fault.ts";
import { isReliable } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";
import {
  endError,
  forgottenStreams,
  goneOver,
  idleTooLong,
  lostConnection,
  spentKeys,
} from "./closure.ts";
import type { Closure } from "./contract.ts";
import { recordCourse } from "./course.ts";
import { Continuation, type Fate } from "./continuation.ts";
import type { Association, DriverObserver, DriverOptions } from "./driver_contract.ts";
import { maxAgeOf } from "./create_repair.ts";
import { Farewell } from "./farewell.ts";
import { MuxPort, type MuxPortOwner } from "./mux_port.ts";
import { PacketOutlet } from "./packet_outlet.ts";
import { openSessionMemory } from "./session_memory.ts";
import type { SessionPath } from "./session_path.ts";

/** The driver of one session. */
export class SessionDriver implements MuxPortOwner {
  /** What the session holds, and may. */
  readonly memory: ByteBudget;
  readonly #options: DriverOptions;
  readonly #alarm: Alarm;
  readonly #outlet: PacketOutlet;
  #observer: DriverObserver | undefined;
  readonly #port: MuxPort;
  readonly #continuation = new Continuation();
  #successor: SessionDriver | undefined;
  #activeAt: number;
  #foreign = 0;
  #isDraining = false;
  #closure: Closure | undefined;
  readonly #farewell: Farewell;

  constructor(options: DriverOptions, association: Association) {
    this.#options = options;
    this.#activeAt = options.host.now();
    this.memory = openSessionMemory(options);
    this.#outlet = new PacketOutlet(options, association, this.memory, this.#activeAt);
    this.#port = new MuxPort(this.#outlet, this);
    this.#farewell = new Farewell(options, this.#outlet);
    this.#alarm = new Alarm(
      options.host,
      () => this.#onAlarm(),
      (error) => this.end({ by: "error", error }),
    );
  }

  /** Parts that the public classes need. */
  get options(): DriverOptions {
    return this.#options;
  }

  /** The session, as it is now: it may be replaced. */
  get session(): SessionMachine {
    return this.#outlet.session;
  }

  /** The way of its packets. */
  get path(): SessionPath {
    return this.#outlet.path;
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.#closure !== undefined;
  }

  /** How the session ended, once it has. */
  get closure(): Closure | undefined {
    return this.#closure;
  }

  /** Settles when nothing is left of it here, after its end: no socket, and no alarm. */
  get gone(): Promise<void> {
    return this.#farewell.gone;
  }

  /** What is done against the loss of what we send; `undefined` when it is off, or nothing is lost. */
  get repair(): RepairMachine | undefined {
    return this.#outlet.repair;
  }

  /** How old a datagram may be to be of use, ms, unless it says otherwise. */
  get maxAge(): number {
    return maxAgeOf(this.#options.repair);
  }

  /** Packets that could not be sent here. */
  get sendsDropped(): number {
    return this.#outlet.dropped;
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
    this.#port.attach(mux, onEvent);
    this.#outlet.window = window;
    // What came before may have been all for a long time.
    if (this.#session.isOwnKind) mux.streams.onOwnKind();
  }

  /**
   * A datagram has come that may be a packet of this session. Unless it is foreign, `flush` must
   * follow.
   */
  handleDatagram(datagram: Uint8Array): PacketOutcome {
    if (this.#closure !== undefined) return this.#farewell.handleDatagram(datagram);
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
      this.#outlet.onHeard(now);
      this.#follow(this.#continuation.judge(session));
      // What has come may have left over there before anybody knew of the claim.
      if (!this.#continuation.isOpen) this.#port.release();
      else this.#askForAnswer(now);
    }
    if (session.isOwnKind) this.#mux?.streams.onOwnKind();
    if (session.solvesJointly) this.repair?.onJointSolver();
    if (session.toldLoss !== undefined) this.repair?.onLossByte(session.toldLoss, now);
    for (let received = session.pollBody(); received; received = session.pollBody()) {
      this.#takeBody(received, now);
    }
    recordCourse(this.#options, session, now);
    if (session.acquaintance.goodbye !== undefined) this.end({ by: "remote" });
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
      this.#port.hold();
    }
    this.#port.onReplaced(this.#session.lastFrame);
    if (path !== this.#path) this.#path.close();
    this.#session.keys.wipe();
    this.#outlet.replace({ session, path }, now);
    this.#activeAt = now;
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
    const isAsked = this.#options.role === "client" && session.acquaintance.mayBeOwnKind;
    this.replace({ session, path }, !isAsked);
    this.flush();
  }

  /** This one, or the one that has taken it over. */
  get current(): SessionDriver {
    return this.#successor?.current ?? this;
  }

  /** The client has shown itself by a resume, and wants to hear that it has arrived. */
  onResume(): void {
    if (this.#closure !== undefined) return;
    const now = this.#options.host.now();
    // Anybody may have copied it. Our own kind says something besides, which is what keeps its session;
    // one of the original that only listens says nothing else.
    if (!this.#session.isOwnKind) this.#activeAt = now;
    if (this.#session.isOwnKind && this.#mux === undefined) this.#outlet.sendReport(false, now);
  }

  /**
   * Sends a body; `false`: dropped here.
   *
   * @param maxAge How old it may be to be of use, ms; 0: it is not repaired.
   */
  send(body: Uint8Array, maxAge: number = this.maxAge): boolean {
    const now = this.#options.host.now();
    const isSent = this.sendBody(body, maxAge, false, now);
    this.#outlet.sendBeside(now);
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
    if (this.#closure !== undefined) return;
    this.#ask(this.#options.host.now());
    this.flush();
  }

  /** Sends, tells and waits for whatever has come of the last call into a machine. */
  flush(): void {
    if (this.#closure !== undefined) return;
    const now = this.#options.host.now();
    if (this.#path.handleTimeout(now)) this.#ask(now);
    this.#session.pathMtu.setReliable(isReliable(this.#path.carrier));
    // Where long packets pass no more, what was on its way is sent again in shorter ones.
    if (this.#session.pathMtu.handleTimeout(now)) this.onMoved();
    this.#port.drain(now);
    if (this.isOver) return;
    if (this.#isDraining && this.#hasNoStream) return this.end({ by: "local" });
    this.#outlet.sendBeside(now);
    this.#arm();
  }

  /** The path has something to do earlier than it had said. */
  onPathDue(): void {
    this.#arm();
  }

  /** Whether it ends with its last stream, and none is opened. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Ends with the last stream, or at once when there is none; the other end opens no more of them. */
  drain(): void {
    this.#isDraining = true;
    this.#mux?.streams.refuseNew();
    this.flush();
  }

  /** Ends the session. Streams that are open end with it. */
  end(closure: Closure): void {
    if (this.#closure !== undefined) return;
    this.#alarm.cancel();
    this.memory.close();
    const mux = this.#mux;
    this.#closure = closure;
    try {
      if (this.#successor !== undefined) this.#farewell.forgo();
      else this.#farewell.begin(closure, this.#hasNoStream ? "inOrder" : "cut");
      if (mux !== undefined) {
        // Even an orderly end of the session cuts what the streams had not ended themselves.
        const end = { by: closure.by, error: endError(closure) };
        mux.streams.abandon(end, this.#options.host.now(), this.#session.acquaintance.goodbye);
        this.#port.tellAll();
      }
    } catch (error) {
      // Where a fault ends it there may be more of them; nobody shall wait for ever all the same.
      reportFault(this.#options.host, error);
      this.#farewell.forgo();
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
    if (this.#port.take(received, now) || received.isReport) return;
    if (session.receiveLoss > 0) this.#outlet.report.onLoss(now);
    if (session.isOwnKind) this.#outlet.report.onHeard(now);
    this.#observer?.onBody(body);
  }

  /** The other end has not said yet what becomes of the streams. */
  #askForAnswer(now: number): void {
    if (this.#continuation.asks(now, this.#options.rtt.smoothed)) this.#ask(now);
  }

  /** From the port: the other end has not answered for too long. */
  onDead(): void {
    this.end(lostConnection());
  }

  /** Asks the other end for a sign of life, if it can be. */
  #ask(now: number): void {
    if (this.#mux !== undefined) this.#mux.ping();
    else if (this.canAsk) this.#outlet.sendReport(true, now);
  }

  /** Whether the other end answers when it is asked: one of the original without a multiplex does not. */
  get canAsk(): boolean {
    return this.#mux !== undefined || this.#session.acquaintance.mayBeOwnKind;
  }

  /** From the port: a body is to be sent. */
  sendBody(body: Uint8Array, maxAge: number, isQuestion: boolean, now: number): boolean {
    // A server hears from its clients or lets them go; a client may have nothing to hear.
    if (this.#options.role === "client") this.#activeAt = now;
    return this.#outlet.send(body, maxAge, isQuestion, now);
  }

  #onAlarm(): void {
    const now = this.#options.host.now();
    // By this a sleep is noticed, too: who slept has not been idle.
    if (this.#path.handleTimeout(now)) this.#ask(now);
    if (now >= this.#idleAt) {
      this.end(idleTooLong(this.#options.idleTimeout));
      return;
    }
    if (now >= this.#continuation.deadline) this.#askForAnswer(now);
    this.#mux?.handleTimeout(now);
    if (this.#outlet.handleTimeout(now)) this.#mux?.rest();
    this.flush();
  }

  get #mux(): MuxMachine | undefined {
    return this.#port.machine;
  }

  get #session(): SessionMachine {
    return this.#outlet.session;
  }

  get #path(): SessionPath {
    return this.#outlet.path;
  }

  get #hasNoStream(): boolean {
    return this.#mux === undefined || this.#mux.streams.isEmpty;
  }

  get #idleAt(): number {
    return Math.max(this.#activeAt, this.#path.wokeAt) + this.#options.idleTimeout;
  }

  #arm(): void {
    if (this.#closure !== undefined) return;
    if (this.#session.keys.areSpent) return this.end(spentKeys());
    const { deadline = Infinity } = this.#mux ?? {};
    const own = Math.min(this.#idleAt, this.#continuation.deadline);
    this.#alarm.set(Math.min(own, this.#outlet.deadline, deadline));
  }
}
