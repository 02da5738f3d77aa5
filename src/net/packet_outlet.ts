/**
 * The way out of one session: makes packets of what is to be said, and gives them to the path.
 *
 * @module
 */
import { ByteBudget } from "../byte_budget.ts";
import { ReportTimer } from "../mux/report_timer.ts";
import type { RepairMachine } from "../repair/machine.ts";
import { MOST_PACKET_RECEIVED, type SessionMachine } from "../session/machine.ts";
import { isReliable } from "../transport/link.ts";
import { createRepair } from "./create_repair.ts";
import type { Association, DriverOptions } from "./driver_contract.ts";
import { RestTimer } from "./rest_timer.ts";
import type { SessionPath } from "./session_path.ts";
import { tellState } from "./tell_state.ts";

// Tuning.

/**
 * The share of a session's memory that what is kept for repairs may take, for each direction: half is
 * left for what somebody waits for, however little there is.
 */
const REPAIR_SHARE = 1 / 4;

/** Where packets are put together. Shared: each is used up before anything else happens. */
const packetMemory = new Uint8Array(MOST_PACKET_RECEIVED);

/** What one session sends. Times in ms. */
export class PacketOutlet {
  /** Tells our own kind what has come, while there is no multiplex to do it. */
  readonly report: ReportTimer = new ReportTimer();
  readonly #options: DriverOptions;
  readonly #memory: ByteBudget;
  readonly #rest: RestTimer;
  #session: SessionMachine;
  #path: SessionPath;
  #repairMachine: RepairMachine | undefined;
  #window: (() => number) | undefined;
  #dropped = 0;

  /** @param memory What the session may hold. */
  constructor(
    options: DriverOptions,
    { session, path }: Association,
    memory: ByteBudget,
    now: number,
  ) {
    this.#options = options;
    this.#memory = memory;
    this.#rest = new RestTimer(now);
    this.#session = session;
    this.#path = path;
    session.budget = this.#part();
    this.#repairMachine = createRepair(options.repair, now, this.#part());
  }

  /** The session whose packets these are. */
  get session(): SessionMachine {
    return this.#session;
  }

  /** Where they go. */
  get path(): SessionPath {
    return this.#path;
  }

  /** What is done against their loss; `undefined` when it is off, or nothing is lost. */
  get repair(): RepairMachine | undefined {
    return isReliable(this.#path.carrier) ? undefined : this.#repairMachine;
  }

  /** Packets that could not be sent here. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Packets that a multiplex may have in flight, for logs. */
  set window(window: () => number) {
    this.#window = window;
  }

  /** From now on it is another session, or another path. */
  replace({ session, path }: Association, now: number): void {
    this.rest();
    this.#session = session;
    this.#path = path;
    session.budget = this.#part();
    this.#repairMachine = createRepair(this.#options.repair, now, this.#part());
  }

  /** What is kept to repair something has a part of the memory: streams would find none otherwise. */
  #part(): ByteBudget {
    return new ByteBudget(this.#memory.limit * REPAIR_SHARE, this.#memory);
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    return Math.min(
      this.#path.deadline,
      this.report.deadline,
      this.repair?.deadline ?? Infinity,
      this.#session.pathMtu.deadline,
      this.#rest.deadline,
    );
  }

  /**
   * The deadline may have passed.
   *
   * @returns Whether the session has fallen silent: it holds no more than it must from now on.
   */
  handleTimeout(now: number): boolean {
    this.repair?.handleTimeout(now);
    if (this.report.handleTimeout(now)) this.sendReport(false, now);
    const isSilent = this.#rest.handleTimeout(now);
    if (isSilent) this.rest();
    return isSilent;
  }

  /** The other end has said something. */
  onHeard(now: number): void {
    this.#rest.onUse(now);
  }

  /** Gives back what is kept for what may get lost: nothing is on its way any more. */
  rest(): void {
    this.#session.rest();
    this.#repairMachine?.rest();
  }

  /**
   * Sends a body, in pieces where the path takes no more.
   *
   * @param maxAge How old it may be to be of use, ms; 0: it is not repaired.
   * @param isQuestion Whether the other end answers it at once.
   * @returns `false`: some of it was dropped here.
   */
  send(body: Uint8Array, maxAge: number, isQuestion: boolean, now: number): boolean {
    const session = this.#session;
    this.#options.stats?.increment("total_sent_bytes", body.length, now);
    let isSent = true;
    this.#prepare(isQuestion, now);
    let length = session.encode(body, packetMemory, now);
    for (; length > 0; length = session.encodeRest(packetMemory, now)) {
      this.repair?.onFrameSent(session.lastFrame, session.lastBody, maxAge, now);
      isSent = this.#transmit(length, now) && isSent;
    }
    return isSent;
  }

  /** Says to our own kind what has come, and whether the session is over; no more. */
  sendReport(isQuestion: boolean, now: number): void {
    const session = this.#session;
    this.#prepare(isQuestion, now);
    const length = session.encodeReport(packetMemory, now);
    this.repair?.onFrameSent(session.lastFrame, session.lastBody, 0, now);
    this.#transmit(length, now);
  }

  /** Sends what goes beside the bodies: parity, and what asks about the path. */
  sendBeside(now: number): void {
    const session = this.#session;
    for (let frame = this.repair?.pollParity(now); frame; frame = this.repair?.pollParity(now)) {
      this.#tellState();
      this.#transmit(session.encodeParity(frame, packetMemory, now), now);
    }
    let length = session.pollControl(packetMemory, now);
    for (; length > 0; length = session.pollControl(packetMemory, now)) {
      this.#transmit(length, now);
    }
  }

  #prepare(isQuestion: boolean, now: number): void {
    this.report.onSpoken(now);
    this.#rest.onUse(now);
    this.#path.prepare(isQuestion, now);
    this.#tellState();
  }

  #tellState(): void {
    tellState(this.#options, this.#path, this.#window);
  }

  #transmit(length: number, now: number): boolean {
    const isSent = this.#path.send(packetMemory.subarray(0, length), now);
    if (!isSent) this.#dropped++;
    return isSent;
  }
}
