/**
 * One connection of a client: it opens, carries datagrams, and is left in order.
 *
 *     opening -> open -> leaving -> over
 *
 * While it is being left nothing is written any more, but all that still comes is read: first until
 * nothing has come for a while, for the server may have queued what it would throw away on seeing our
 * end; then the writing half is closed, and the server's end is awaited. Nothing is lost so. Whatever
 * fails on the way, in any phase, is told once.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import { SosistabError } from "../errors.ts";
import type { ByteStream, Host } from "../host.ts";
import { ClientRecordMachine, type ClientRecordOptions } from "../records/client_machine.ts";
import { reportFault, setGuardedAlarm } from "./fault.ts";
import { type PumpHandler, StreamPump } from "./stream_pump.ts";

// Tuning.

/**
 * How long an opening may take, ms: the name is known, so that is two round trips and two losses of a
 * packet, whose repair TCP begins after 1 s and again after 3 s.
 */
const OPENING_TIMEOUT = 10_000;

/** How long nothing must have come before a connection that is left is closed, ms: more than a timer of TCP. */
const LEAVING_SILENCE = 1_000;

/** How long all of that may take, ms: what a server has queued trickles for so long on a bad path. */
const MOST_LEAVING = 30_000;

/** How long the server's end is awaited after ours, ms. */
const LINGER = 10_000;

/** What connections of one client share. */
export interface ConnectionOptions extends ClientRecordOptions {
  readonly host: Host;
  readonly address: Address;
  readonly open: (signal: AbortSignal) => Promise<ByteStream>;
  readonly epochSeconds: () => number;
}

/** What a connection tells. Called synchronously, and never after it was closed. */
export interface ConnectionOwner {
  /** The server has answered. */
  onOpen(connection: ClientConnection): void;
  /** A datagram has come; it is lent, and may be written to. */
  onDatagram(datagram: Uint8Array, connection: ClientConnection): void;
  /** It can be written to again. */
  onWritable(connection: ClientConnection): void;
  /** It is over; with an error, unless it was left and its end was reached in order. */
  onOver(connection: ClientConnection, error: SosistabError | undefined): void;
  /** Bytes have come. */
  onReceived(length: number): void;
}

type Phase = "opening" | "open" | "leaving" | "over";

/** A connection to a server. */
export class ClientConnection implements PumpHandler {
  /** When the server answered, or before that when it was begun, ms. */
  since: number;
  readonly #options: ConnectionOptions;
  readonly #owner: ConnectionOwner;
  readonly #abort = new AbortController();
  #phase: Phase = "opening";
  #machine: ClientRecordMachine | undefined;
  #pump: StreamPump | undefined;
  #alarm: Disposable | undefined;
  #heardAt = 0;
  #sentBytes = 0;

  /** Does nothing yet. */
  constructor(options: ConnectionOptions, owner: ConnectionOwner) {
    this.#options = options;
    this.#owner = owner;
    this.since = options.host.now();
  }

  /** Begins to open. */
  start(): void {
    this.#setAlarm(
      OPENING_TIMEOUT,
      () => this.#fail(new SosistabError("no-answer", `${this.#where} has not answered in time`)),
    );
    void this.#open();
  }

  /** Whether it takes frames now. */
  get canWrite(): boolean {
    return this.#phase === "open" && this.#pump?.canWrite === true;
  }

  /** Whether the server has heard the name. */
  get isNamed(): boolean {
    return this.#machine?.isNamed === true;
  }

  /** Bytes that were written since it is open. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Writes frames, the name before the first; `canWrite` must be true. */
  write(frames: Uint8Array): void {
    const bytes = this.#machine?.seal(frames);
    if (bytes === undefined) throw new Error("the connection is not open");
    this.#sentBytes += bytes.length;
    this.#pump?.write(bytes);
  }

  /** Ends it without loss. */
  leave(): void {
    if (this.#phase !== "open") return;
    this.#phase = "leaving";
    const now = this.#options.host.now();
    this.#heardAt = now;
    this.#awaitSilence(now + MOST_LEAVING);
  }

  /** Ends it at once: what was written still goes out. */
  close(): void {
    if (this.#phase === "over") return;
    this.#end();
    this.#pump?.close();
  }

  onBytes(bytes: Uint8Array): void {
    const machine = this.#machine;
    if (machine === undefined) return;
    this.#heardAt = this.#options.host.now();
    this.#owner.onReceived(bytes.length);
    machine.handleBytes(bytes);
    if (machine.phase === "stranger") {
      const message = `somebody else than the server answers at ${this.#where}`;
      return this.#fail(new SosistabError("no-answer", message));
    }
    if (this.#phase === "opening" && machine.phase === "open") this.#onOpen();
    this.#giveDatagrams(machine);
    if (machine.phase === "broken") {
      this.#fail(new SosistabError("reset", `what came from ${this.#where} was damaged`));
    }
  }

  onWritten(): void {
    this.#owner.onWritable(this);
  }

  onEnd(): void {
    const isExpected = this.#phase === "leaving";
    const message = `${this.#where} has closed the connection`;
    this.close();
    this.#owner.onOver(this, isExpected ? undefined : new SosistabError("reset", message));
  }

  onFailure(error: unknown): void {
    this.#fail(error);
  }

  onFault(cause: unknown): void {
    this.#fail(reportFault(this.#options.host, cause));
  }

  get #where(): string {
    return formatAddress(this.#options.address);
  }

  async #open(): Promise<void> {
    const { open, epochSeconds } = this.#options;
    try {
      const socket = await open(this.#abort.signal);
      if (this.#phase === "over") return socket.close();
      const pump = this.#pump = new StreamPump(socket, this);
      const machine = this.#machine = new ClientRecordMachine(this.#options, epochSeconds());
      pump.write(machine.hello);
      pump.start();
    } catch (error) {
      this.#fail(error);
    }
  }

  #onOpen(): void {
    this.#setAlarm();
    this.#phase = "open";
    this.since = this.#heardAt;
    this.#owner.onOpen(this);
  }

  #giveDatagrams(machine: ClientRecordMachine): void {
    while (this.#phase !== "over") {
      const datagram = machine.pollDatagram();
      if (datagram === undefined) return;
      this.#owner.onDatagram(datagram, this);
    }
  }

  #awaitSilence(until: number): void {
    const { host } = this.#options;
    this.#setAlarm(Math.min(this.#heardAt + LEAVING_SILENCE, until) - host.now(), () => {
      if (host.now() < Math.min(this.#heardAt + LEAVING_SILENCE, until)) {
        return this.#awaitSilence(until);
      }
      this.#pump?.finish();
      this.#setAlarm(LINGER, () => {
        const message = `${this.#where} has not ended a connection that was over`;
        this.#fail(new SosistabError("connection-lost", message));
      });
    });
  }

  #fail(cause: unknown): void {
    if (this.#phase === "over") return;
    this.#end();
    this.#pump?.cut();
    const error = cause instanceof SosistabError
      ? cause
      : new SosistabError("socket-failed", `the connection to ${this.#where} failed`, { cause });
    this.#owner.onOver(this, error);
  }

  #end(): void {
    // What was opened is no concern of the signal any more.
    if (this.#phase === "opening") this.#abort.abort();
    this.#phase = "over";
    this.#setAlarm();
  }

  /** Sets the one alarm, or takes it back. */
  #setAlarm(delay?: number, wake?: () => void): void {
    this.#alarm?.[Symbol.dispose]();
    this.#alarm = undefined;
    if (delay === undefined || wake === undefined) return;
    const { host } = this.#options;
    this.#alarm = setGuardedAlarm(host, host.now() + delay, wake);
  }
}
