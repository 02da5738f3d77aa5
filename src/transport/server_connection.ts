/**
 * One connection of a server, from whoever has come.
 *
 * Nothing is said to one that has proved nothing, and it is never closed first: the machine counts
 * and forgets what it sends until it goes by itself. Then, and when the server has too many, the
 * connection ends in order: what waits goes out, the writing half is closed, and what still comes is
 * read, because closing over bytes that were not read would show as a reset.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { Carrier } from "./link.ts";
import type { Host, StreamSocket } from "../host.ts";
import {
  type DrainReason,
  ServerRecordMachine,
  type ServerRecordOptions,
} from "../records/server_machine.ts";
import { FrameQueue, type FrameSink } from "./frame_queue.ts";
import { reportFault, setGuardedAlarm } from "./fault.ts";
import { type PumpHandler, StreamPump } from "./stream_pump.ts";

// Tuning.

/** How long an end in order may take, ms: what a queue holds takes 20 s at 100 kbit/s. */
const LINGER = 30_000;

/** What a connection tells. Called synchronously, and never after it was closed. */
export interface ServerConnectionOwner {
  /** Whether a hello may be answered. */
  mayAnswer(connection: ServerConnection): boolean;
  /** What a connection said that has proved nothing was looked at, since an instant. */
  onServed(connection: ServerConnection, from: number): void;
  /** The hello was good, and is answered. */
  onProven(connection: ServerConnection): void;
  /** The client has said its name. */
  onNamed(connection: ServerConnection, name: string): void;
  /** A datagram has come; it is lent, and may be written to. Only after the name. */
  onDatagram(datagram: Uint8Array, connection: ServerConnection): void;
  /** Its queue was full, and is not any more. */
  onRoom(connection: ServerConnection): void;
  /** From now on bytes are thrown away. */
  onDraining(connection: ServerConnection, reason: DrainReason): void;
  /** Bytes were thrown away. */
  onDrained(bytes: number): void;
  /** A mistake of ours has come to light in it. */
  onFault(): void;
  /** The other end says nothing any more, or shall not be heard: what is sent goes nowhere. */
  onEnding(connection: ServerConnection): void;
  /** It is over; in order, or `isCut`. */
  onOver(connection: ServerConnection, isCut: boolean): void;
}

/** A connection that somebody has made. */
export class ServerConnection implements PumpHandler, FrameSink {
  /** Where it came from. */
  readonly address: Address;
  readonly carrier: Carrier;
  /** When it came, ms. */
  readonly since: number;
  readonly #host: Host;
  readonly #owner: ServerConnectionOwner;
  readonly #machine: ServerRecordMachine;
  readonly #pump: StreamPump;
  readonly #queue: FrameQueue;
  #name: string | undefined;
  #isProven = false;
  #isDraining = false;
  #isEnding = false;
  #hasPeerEnded = false;
  #isOver = false;
  #alarm: Disposable | undefined;

  /** @param stream Is the connection's from now on. */
  constructor(
    host: Host,
    records: ServerRecordOptions,
    stream: StreamSocket,
    owner: ServerConnectionOwner,
  ) {
    this.address = stream.remoteAddr;
    this.carrier = stream.isSecure === true ? "tls" : "tcp";
    this.since = host.now();
    this.#host = host;
    this.#owner = owner;
    this.#machine = new ServerRecordMachine({
      ...records,
      mayAnswer: () => owner.mayAnswer(this),
    });
    this.#pump = new StreamPump(stream, this);
    this.#queue = new FrameQueue(this);
  }

  /** Begins to read. */
  start(): void {
    this.#pump.start();
  }

  /** The client's name, once it was said. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Whether it ends, or is over: nothing can be sent. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Whether more waits than is good. */
  get isFull(): boolean {
    return this.#queue.isFull;
  }

  /** Datagrams that were dropped here. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Sends a datagram; `false`: it was dropped. */
  send(datagram: Uint8Array): boolean {
    return !this.#isEnding && this.#machine.phase === "open" && this.#queue.append(datagram);
  }

  /** Ends it in order. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#alarm = setGuardedAlarm(this.#host, this.#host.now() + LINGER, () => this.onFailure());
    this.#owner.onEnding(this);
    this.#goOn();
  }

  /** Ends it at once: what was written still goes out. */
  close(): void {
    this.#finish();
    this.#pump.close();
    this.#queue.clear();
  }

  onBytes(bytes: Uint8Array): void {
    const machine = this.#machine;
    const owner = this.#owner;
    if (this.#isEnding && !this.#isProven) return owner.onDrained(bytes.length);
    const drained = machine.drainedBytes;
    const wasDraining = machine.phase === "draining";
    const now = this.#host.now();
    machine.handleBytes(bytes, now, this.#host.epochSeconds());
    if (!this.#isProven && !wasDraining) owner.onServed(this, now);
    const answer = machine.pollAnswer();
    if (answer !== undefined) {
      this.#isProven = true;
      this.#pump.write(answer);
      owner.onProven(this);
    }
    this.#giveDatagrams();
    if (machine.drainedBytes > drained) owner.onDrained(machine.drainedBytes - drained);
  }

  onWritten(): void {
    this.#queue.flush();
    this.#goOn();
  }

  onEnd(): void {
    this.#hasPeerEnded = true;
    this.end();
    this.#goOn();
  }

  onFailure(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#pump.cut();
    // Before it forgets what waits: whether it was full is of interest.
    this.#owner.onOver(this, true);
    this.#queue.clear();
  }

  onFault(cause: unknown): void {
    reportFault(this.#host, cause);
    this.#owner.onFault();
    // A stranger shall see no end by it, as by nothing else.
    if (this.#isProven) this.onFailure();
    else this.#machine.drain();
  }

  get canWrite(): boolean {
    return this.#machine.phase === "open" && this.#pump.canWrite;
  }

  write(frames: Uint8Array): void {
    this.#pump.write(this.#machine.seal(frames));
  }

  onRoom(): void {
    if (!this.#isOver) this.#owner.onRoom(this);
  }

  #giveDatagrams(): void {
    const machine = this.#machine;
    if (this.#name === undefined && machine.name !== undefined) {
      this.#name = machine.name;
      this.#owner.onNamed(this, machine.name);
    }
    while (!this.#isOver) {
      const datagram = machine.pollDatagram();
      if (datagram === undefined) break;
      this.#owner.onDatagram(datagram, this);
    }
    const reason = machine.drainReason;
    if (reason === undefined || this.#isDraining) return;
    this.#isDraining = true;
    this.#owner.onDraining(this, reason);
    this.#queue.clear();
  }

  /** Takes the next step towards the end. */
  #goOn(): void {
    if (!this.#isEnding || this.#isOver) return;
    this.#queue.flush();
    if (!this.#pump.isIdle) return;
    if (!this.#hasPeerEnded) return this.#pump.finish();
    this.close();
    this.#owner.onOver(this, false);
  }

  #finish(): void {
    this.#isOver = true;
    this.#isEnding = true;
    this.#alarm?.[Symbol.dispose]();
  }
}
