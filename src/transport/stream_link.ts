/**
 * A client's link over byte streams: one name, and one connection after the other.
 *
 * A link opens a connection and keeps one open until it is closed. While there is none, datagrams
 * wait, as many as have room. What ends a connection is one of three things:
 *
 *  - it was cut. What was on its way may be lost, which the handler is told; another is opened at
 *    once, and then after 0.25, 0.5, 1, 2 and 4 s, as long as it takes;
 *  - its lifetime is over: an observer should not see connections that last for ever, and the
 *    original sends nothing over one that is older than ten minutes. The next one is opened while this
 *    one is still used; the first datagram over it moves the server there, and the old one is read to
 *    its end. Nothing is lost;
 *  - {@linkcode StreamLink.renew} asked for it. Then it is as with a lifetime, but the old one may be
 *    dead already, and takes with it what it was given: so that counts as a cut.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { formatHex } from "../bytes.ts";
import type { SosistabError } from "../errors.ts";
import type { ByteStream, Host, X25519 } from "../host.ts";
import type { Random } from "../random.ts";
import { NAME_LENGTH } from "../records/client_machine.ts";
import { MOST_STREAM_BYTES } from "../records/frame_reader.ts";
import { ClientConnection, type ConnectionOwner } from "./client_connection.ts";
import { setGuardedAlarm } from "./fault.ts";
import { FrameQueue, type FrameSink } from "./frame_queue.ts";
import type { Carrier, Link, LinkHandler } from "./link.ts";

// Tuning.

/**
 * For how long a connection is used, ms. The original's server sends nothing over one that is older
 * than 600 s; so the next one has a minute at least to open, and six tries.
 */
const LIFETIME = { least: 300_000, most: 540_000 };

/** Bytes after which a connection is replaced, however young: half of what the other end reads of one. */
const MOST_BYTES = MOST_STREAM_BYTES / 2;

/** Waits between openings that fail, ms; the last one again and again. Each differs by up to a quarter. */
const RETRY_DELAYS = [0, 250, 500, 1_000, 2_000, 4_000];
const RETRY_JITTER = 0.25;

/**
 * A connection that was open for so long, ms, did not fail by its opening: the next one is opened at
 * once. One that is cut as soon as it opens is not opened again and again without a pause.
 */
const STEADY_AGE = 250;

/**
 * How long the name waits for a datagram to travel with, ms: 16 bytes alone would be a mark, and what
 * the server sends comes over the old connection as long as there is one.
 */
const NAME_DELAY = { least: 500, most: 1_500 };

/** An opening that is older than this, ms, is begun anew by `renew`: it may ask a network that is gone. */
const FRESH_ATTEMPT = 1_000;

/** Settings of a {@linkcode StreamLink}. */
export interface StreamLinkOptions {
  readonly host: Host;
  readonly carrier: Exclude<Carrier, "udp">;
  /** Where the server is, for those who ask; {@linkcode open} knows the way. */
  readonly address: Address;
  /**
   * Opens a byte stream to the server. May take its time, or never settle; when the signal is aborted
   * its result is closed as soon as there is one.
   */
  readonly open: (signal: AbortSignal) => Promise<ByteStream>;
  /** The server's public key, 32 bytes. */
  readonly serverKey: Uint8Array;
  readonly x25519: X25519;
  readonly random: Random;
  /** Seconds since 1970: the server opens what was sealed within two minutes of its own. */
  readonly epochSeconds: () => number;
  readonly handler: LinkHandler;
  /** Told after {@linkcode StreamLink.state} has changed, except by `start` and `close`. */
  readonly onState?: (link: StreamLink) => void;
  /** For how long a connection is used, ms: drawn between these two, both included. */
  readonly lifetime?: { readonly least: number; readonly most: number };
}

/**
 * How a link is: `opening`, nothing has failed yet; `open`; `down`, the last opening failed, and the
 * next follows by itself. A link that was closed, or not started, is down.
 */
export type StreamLinkState = "opening" | "open" | "down";

/** What a {@linkcode StreamLink} has counted. */
export interface StreamLinkStats {
  /** Connections that were opened. */
  readonly connections: number;
  /** Connections that were cut after they had opened. */
  readonly cuts: number;
  /** Openings that failed. */
  readonly failedOpenings: number;
  /** Datagrams that were dropped here. */
  readonly sendsDropped: number;
  /** Writes of datagrams to connections. */
  readonly writes: number;
  /** Bytes of those writes. */
  readonly sentBytes: number;
  /** Bytes that came. */
  readonly receivedBytes: number;
}

/** Datagrams over one connection after the other, under one name. */
export class StreamLink implements Link, ConnectionOwner, FrameSink {
  readonly key: string;
  readonly carrier: Carrier;
  readonly address: Address;
  readonly #options: StreamLinkOptions;
  readonly #name = new Uint8Array(NAME_LENGTH);
  readonly #queue: FrameQueue;
  /** All that are not over. */
  readonly #connections = new Set<ClientConnection>();
  /** The one that is used. */
  #current: ClientConnection | undefined;
  /** The one that was used, as long as the server has heard nothing over the current one. */
  #previous: ClientConnection | undefined;
  /** The one that is being opened. */
  #attempt: ClientConnection | undefined;
  #lifetimeAlarm: Disposable | undefined;
  #nameAlarm: Disposable | undefined;
  #retryAlarm: Disposable | undefined;
  #isRunning = false;
  #isClosed = false;
  /** Whether the next connection is opened because the one there is may be dead. */
  #isRenewing = false;
  #toldState: StreamLinkState = "opening";
  #failures = 0;
  /** Openings since the last connection that was steady. */
  #tries = 0;
  #lastError: SosistabError | undefined;
  #opened = 0;
  #cuts = 0;
  #failedOpenings = 0;
  #writes = 0;
  #sentBytes = 0;
  #receivedBytes = 0;

  /** Draws the name; opens nothing yet. */
  constructor(options: StreamLinkOptions) {
    const { least, most } = options.lifetime ?? LIFETIME;
    if (!(least > 0 && least <= most && most < Infinity)) {
      throw new RangeError(
        `lifetime must be from 0 ms up, the least first, got ${least} to ${most}`,
      );
    }
    options.random.fill(this.#name);
    this.key = `${options.carrier} ${formatHex(this.#name)}`;
    this.carrier = options.carrier;
    this.address = options.address;
    this.#options = options;
    this.#queue = new FrameQueue(this);
  }

  get isFull(): boolean {
    return this.#queue.isFull;
  }

  /** How it is. */
  get state(): StreamLinkState {
    if (!this.#isRunning) return "down";
    if (this.#current !== undefined) return "open";
    return this.#failures > 0 ? "down" : "opening";
  }

  /** Whether there is a connection on which the server has answered. */
  get isOpen(): boolean {
    return this.#current !== undefined;
  }

  /** Openings that have failed one after the other; 0 once one has not. */
  get failures(): number {
    return this.#failures;
  }

  /** Why the last opening failed, or the last connection was cut. */
  get lastError(): SosistabError | undefined {
    return this.#lastError;
  }

  /** Opens the first connection; doing so twice is harmless. */
  start(): void {
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    this.#try();
  }

  /** Before the link is open datagrams wait, as many as have room. */
  send(datagram: Uint8Array): boolean {
    return !this.#isClosed && this.#queue.append(datagram);
  }

  /**
   * Opens another connection in place of this one, which is used until then: for when the network may
   * have changed, or nothing comes any more.
   */
  renew(): void {
    if (!this.#isRunning) return;
    const attempt = this.#attempt;
    if (attempt !== undefined) {
      if (this.#options.host.now() - attempt.since < FRESH_ATTEMPT) return;
      this.#drop(attempt);
      this.#attempt = undefined;
    }
    this.#isRenewing = true;
    this.#tries = 0;
    this.#try();
  }

  /** What has been counted. */
  stats(): StreamLinkStats {
    return {
      connections: this.#opened,
      cuts: this.#cuts,
      failedOpenings: this.#failedOpenings,
      sendsDropped: this.#queue.dropped,
      writes: this.#writes,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
    };
  }

  /**
   * Ends everything. What waits still goes out if the connection takes it at once. Doing so twice is
   * harmless. No handler is called afterwards.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.flush();
    this.#isRunning = false;
    this.#queue.clear();
    this.#lifetimeAlarm?.[Symbol.dispose]();
    this.#nameAlarm?.[Symbol.dispose]();
    this.#retryAlarm?.[Symbol.dispose]();
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
    this.#current = this.#previous = this.#attempt = undefined;
  }

  get canWrite(): boolean {
    return this.#current?.canWrite === true;
  }

  write(frames: Uint8Array): void {
    const current = this.#current;
    if (current === undefined) return;
    const before = current.sentBytes;
    current.write(frames);
    this.#writes++;
    this.#sentBytes += current.sentBytes - before;
    if (before < MOST_BYTES && current.sentBytes >= MOST_BYTES) this.#try();
    this.#nameAlarm?.[Symbol.dispose]();
    this.#previous?.leave();
    this.#previous = undefined;
  }

  onRoom(): void {
    if (!this.#isClosed) this.#options.handler.onRoom(this);
  }

  onReceived(length: number): void {
    this.#receivedBytes += length;
  }

  onDatagram(datagram: Uint8Array): void {
    this.#options.handler.onDatagram(datagram, this);
  }

  onWritable(connection: ClientConnection): void {
    if (connection === this.#current) this.#queue.flush();
  }

  onOpen(connection: ClientConnection): void {
    this.#attempt = undefined;
    this.#failures = 0;
    this.#opened++;
    const old = this.#current;
    if (old !== undefined && !old.isNamed) this.#drop(old);
    else if (old !== undefined) this.#previous = old;
    this.#current = connection;
    this.#arm();
    this.#tell();
    // The hello may still be under way; then `onWritable` follows.
    this.#queue.flush();
    const mayHaveLost = this.#isRenewing && old?.isNamed === true;
    this.#isRenewing = false;
    if (mayHaveLost) this.#options.handler.onCut(this);
  }

  onOver(connection: ClientConnection, error: SosistabError | undefined): void {
    this.#connections.delete(connection);
    if (error === undefined) return;
    this.#lastError = error;
    if (connection === this.#attempt) this.#onOpeningFailed();
    else this.#onCut(connection);
  }

  #onOpeningFailed(): void {
    this.#attempt = undefined;
    this.#failures++;
    this.#failedOpenings++;
    this.#retry();
    this.#tell();
  }

  #onCut(connection: ClientConnection): void {
    this.#cuts++;
    if (connection === this.#previous) this.#previous = undefined;
    if (connection === this.#current) {
      // What the server has heard nothing of is as good as never opened.
      this.#current = this.#previous;
      this.#previous = undefined;
      this.#lifetimeAlarm?.[Symbol.dispose]();
      this.#nameAlarm?.[Symbol.dispose]();
      const age = this.#options.host.now() - connection.since;
      if (age >= STEADY_AGE) this.#tries = 0;
      if (this.#attempt === undefined) this.#retry();
      this.#tell();
    }
    // Over one without a name nothing was on its way.
    if (connection.isNamed && !this.#isClosed) this.#options.handler.onCut(this);
  }

  /** Opens a connection when it is time for the next try. */
  #retry(): void {
    const delay = RETRY_DELAYS[Math.min(this.#tries, RETRY_DELAYS.length - 1)] ?? 0;
    if (delay === 0) return this.#try();
    const { host, random } = this.#options;
    const at = host.now() + delay * (1 + RETRY_JITTER * (2 * random.fraction() - 1));
    this.#retryAlarm?.[Symbol.dispose]();
    this.#retryAlarm = setGuardedAlarm(host, at, () => this.#try());
  }

  #try(): void {
    this.#retryAlarm?.[Symbol.dispose]();
    this.#retryAlarm = undefined;
    if (!this.#isRunning || this.#attempt !== undefined) return;
    const connection = new ClientConnection({ ...this.#options, name: this.#name }, this);
    this.#tries++;
    this.#attempt = connection;
    this.#connections.add(connection);
    connection.start();
  }

  /** Sets the alarms of the connection that has become the current one. */
  #arm(): void {
    const { host, random, lifetime = LIFETIME } = this.#options;
    this.#lifetimeAlarm?.[Symbol.dispose]();
    this.#nameAlarm?.[Symbol.dispose]();
    const drawn = ({ least, most }: { least: number; most: number }) =>
      host.now() + least + random.fraction() * (most - least);
    this.#lifetimeAlarm = setGuardedAlarm(host, drawn(lifetime), () => {
      this.#tries = 0;
      this.#try();
    });
    this.#nameAlarm = setGuardedAlarm(host, drawn(NAME_DELAY), () => {
      if (this.canWrite) this.write(NOTHING);
    });
  }

  #drop(connection: ClientConnection): void {
    connection.close();
    this.#connections.delete(connection);
  }

  #tell(): void {
    const { state } = this;
    if (state === this.#toldState || this.#isClosed) return;
    this.#toldState = state;
    this.#options.onState?.(this);
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
