/**
 * Drives the machines of one session: the only place where their outputs are drained.
 *
 * After each thing that happens (a datagram, a call of the program, an alarm) everything that the
 * machines want to send is sent, everything that they have to tell is told, and the alarm is set to
 * their next deadline. All of it is synchronous: the promises of the public classes begin above.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { MuxEvent, MuxMachine } from "../mux/machine.ts";
import { ReportTimer } from "../mux/report_timer.ts";
import type { RttEstimator } from "../mux/rtt.ts";
import type { Random } from "../random.ts";
import { RepairMachine } from "../repair/machine.ts";
import {
  MOST_PACKET_RECEIVED,
  type PacketOutcome,
  type SessionMachine,
} from "../session/machine.ts";
import type { StatsGatherer } from "../stats/gatherer.ts";
import { Alarm } from "./alarm.ts";
import { idleTooLong, lostConnection } from "./closure.ts";
import type { Closure, DatagramRepairOptions } from "./contract.ts";
import type { SessionPath } from "./session_path.ts";

// Tuning.

/** How old a datagram may be to be of use, ms: the budget of parity in advance, and its spacing. */
const MAX_AGE = 25;

/** What a driver tells. Called synchronously. */
export interface DriverObserver {
  /** A body has come, and no multiplex takes it. Borrowed until the call returns. */
  onBody(body: Uint8Array): void;
  /** The session has ended, for the first and last time. */
  onEnd(closure: Closure): void;
}

/** Parts of a driver. */
export interface DriverOptions {
  readonly host: Host;
  readonly session: SessionMachine;
  readonly role: "client" | "server";
  readonly random: Random;
  readonly rtt: RttEstimator;
  readonly path: SessionPath;
  /** How long the session may be silent, ms. */
  readonly idleTimeout: number;
  /** How datagrams that are lost are repaired. */
  readonly repair: DatagramRepairOptions | false;
  /** Where figures go. */
  readonly stats?: StatsGatherer;
}

/** Where bodies and packets are put together. Shared: each is used up before anything else happens. */
const bodyMemory = new Uint8Array(MOST_PACKET_RECEIVED);
const packetMemory = new Uint8Array(MOST_PACKET_RECEIVED);

const NOTHING = new Uint8Array(0);

/** The driver of one session. */
export class SessionDriver {
  readonly #options: DriverOptions;
  readonly #alarm: Alarm;
  #observer: DriverObserver | undefined;
  #mux: MuxMachine | undefined;
  /** Tells our own kind what has come, while there is no multiplex to do it. */
  readonly #report = new ReportTimer();
  readonly #repair: RepairMachine | undefined;
  #onMuxEvent: (event: MuxEvent) => void = () => {};
  #window: (() => number) | undefined;
  #activeAt: number;
  #sendsDropped = 0;
  #foreign = 0;
  #closure: Closure | undefined;

  constructor(options: DriverOptions) {
    this.#options = options;
    const now = this.#activeAt = options.host.now();
    const { repair } = options;
    const isOff = repair === false || repair.maxOverhead === 0;
    if (!isOff) this.#repair = new RepairMachine(repair, now);
    this.#alarm = new Alarm(options.host, () => this.#onAlarm());
  }

  /** Parts that the public classes need. */
  get options(): DriverOptions {
    return this.#options;
  }

  /** How the session ended, once it has. */
  get closure(): Closure | undefined {
    return this.#closure;
  }

  /** What is done against the loss of what we send; `undefined` when it is off. */
  get repair(): RepairMachine | undefined {
    return this.#repair;
  }

  /** How old a datagram may be to be of use, ms, unless it says otherwise. */
  get maxAge(): number {
    const { repair } = this.#options;
    return repair === false ? 0 : repair.maxAge ?? MAX_AGE;
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
    const { host, session } = this.#options;
    const now = host.now();
    if (this.#closure !== undefined) return "foreign";
    const outcome = session.handleDatagram(datagram, now);
    if (outcome === "foreign") this.#foreign++;
    // Whatever else comes may be a replay, and keeps nothing alive.
    if (outcome === "newest" || outcome === "late") this.#activeAt = now;
    if (session.isOwnKind) this.#mux?.streams.onOwnKind();
    if (session.solvesJointly) this.#repair?.onJointSolver();
    if (session.toldLoss !== undefined) this.#repair?.onLossByte(session.toldLoss, now);
    for (let received = session.pollBody(); received; received = session.pollBody()) {
      const { body, frameNumber, highReceived, totalReceived, isReport } = received;
      this.#options.stats?.increment("total_recv_bytes", body.length, now);
      this.#repair?.onCounters(highReceived, totalReceived, now);
      if (isReport) continue;
      if (this.#mux === undefined) {
        if (session.receiveLoss > 0) this.#report.onLoss(now);
        if (session.isOwnKind) this.#report.onHeard(now);
        this.#observer?.onBody(body);
      } else {
        this.#mux.onFrameReceived(frameNumber, now);
        this.#mux.streams.onCounters(highReceived, totalReceived);
        this.#mux.handleBody(body, now);
      }
    }
    this.#record(now);
    return outcome;
  }

  /** The client has shown itself by a resume. */
  onResume(): void {
    this.#activeAt = this.#options.host.now();
  }

  /**
   * Sends a body; `false`: dropped here.
   *
   * @param maxAge How old it may be to be of use, ms; 0: it is not repaired.
   */
  send(body: Uint8Array, maxAge: number = this.maxAge): boolean {
    const now = this.#options.host.now();
    const isSent = this.#send(body, maxAge, false, now);
    this.#transmitParity(now);
    this.#arm();
    return isSent;
  }

  /** The other end speaks from somewhere else: what was on its way to where it was is lost. */
  onMoved(): void {
    this.#mux?.streams.onPathChanged();
  }

  /** The network may have changed. */
  refresh(): void {
    this.#options.path.refresh();
    this.#mux?.ping();
    this.flush();
  }

  /** Sends, tells and waits for whatever has come of the last call into a machine. */
  flush(): void {
    if (this.#closure !== undefined) return;
    const now = this.#options.host.now();
    const mux = this.#mux;
    if (this.#options.path.handleTimeout(now)) mux?.ping();
    if (mux !== undefined) {
      do this.#transmitAll(mux, now); while (this.#tellAll(mux));
      if (this.#closure !== undefined) return;
    }
    this.#transmitParity(now);
    this.#arm();
  }

  /** Ends the session. Streams that are open end with it. */
  end(closure: Closure): void {
    if (this.#closure !== undefined) return;
    this.#alarm.cancel();
    const mux = this.#mux;
    this.#closure = closure;
    this.#options.path.close();
    if (mux !== undefined) {
      mux.streams.abandon(closure, this.#options.host.now());
      this.#tellAll(mux);
    }
    this.#observer?.onEnd(closure);
  }

  #transmitAll(mux: MuxMachine, now: number): void {
    const { session, path } = this.#options;
    mux.streams.setMostBody(session.mostBody);
    for (;;) {
      mux.streams.hold(path.isFull);
      const length = mux.pollTransmit(bodyMemory, now);
      if (length === 0) return;
      this.#send(bodyMemory.subarray(0, length), mux.maxAge, mux.isQuestion, now);
      mux.onFrameSent(session.lastFrame, now);
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

  #sendReport(now: number): void {
    const { session } = this.#options;
    this.#report.onSpoken(now);
    this.#tellState();
    const length = session.encodeReport(packetMemory, now);
    this.#repair?.onFrameSent(session.lastFrame, NOTHING, 0, now);
    this.#transmit(packetMemory.subarray(0, length), false, now);
  }

  #transmitParity(now: number): void {
    const { session } = this.#options;
    for (let frame = this.#repair?.pollParity(now); frame; frame = this.#repair?.pollParity(now)) {
      this.#tellState();
      const length = session.encodeParity(frame, packetMemory, now);
      this.#transmit(packetMemory.subarray(0, length), false, now);
    }
  }

  #send(body: Uint8Array, maxAge: number, isQuestion: boolean, now: number): boolean {
    const { session, role } = this.#options;
    // A server hears from its clients or lets them go; a client may have nothing to hear.
    if (role === "client") this.#activeAt = now;
    this.#report.onSpoken(now);
    this.#options.stats?.increment("total_sent_bytes", body.length, now);
    this.#tellState();
    const length = session.encode(body, packetMemory, now);
    this.#repair?.onFrameSent(session.lastFrame, body, maxAge, now);
    return this.#transmit(packetMemory.subarray(0, length), isQuestion, now);
  }

  #tellState(): void {
    const { host, rtt } = this.#options;
    if (host.onSessionState === undefined) return;
    const window = this.#window?.();
    host.onSessionState(
      window === undefined ? { rtt: rtt.smoothed } : { rtt: rtt.smoothed, window },
    );
  }

  /** The names are those of the original; times are ms here. */
  #record(now: number): void {
    const { session, rtt, stats } = this.#options;
    if (stats === undefined || !stats.active) return;
    const { receiveLoss, sendLoss } = session.counts;
    stats.update("recv_loss", receiveLoss, now);
    if (sendLoss !== undefined) stats.update("send_loss", sendLoss, now);
    stats.update("smooth_ping", rtt.smoothed, now);
    stats.update("raw_ping", rtt.latest, now);
  }

  #transmit(packet: Uint8Array, isQuestion: boolean, now: number): boolean {
    const isSent = this.#options.path.send(packet, isQuestion, now);
    if (!isSent) this.#sendsDropped++;
    return isSent;
  }

  #onAlarm(): void {
    const now = this.#options.host.now();
    if (now >= this.#idleAt) {
      this.end(idleTooLong(this.#options.idleTimeout));
      return;
    }
    this.#mux?.handleTimeout(now);
    this.#repair?.handleTimeout(now);
    if (this.#report.handleTimeout(now)) this.#sendReport(now);
    this.flush();
  }

  get #idleAt(): number {
    return this.#activeAt + this.#options.idleTimeout;
  }

  #arm(): void {
    if (this.#closure !== undefined) return;
    const { deadline = Infinity } = this.#mux ?? {};
    const { deadline: parityAt = Infinity } = this.#repair ?? {};
    const own = Math.min(this.#idleAt, this.#options.path.deadline, this.#report.deadline);
    this.#alarm.set(Math.min(own, deadline, parityAt));
  }
}
