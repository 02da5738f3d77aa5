/**
 * A server's links over byte streams.
 *
 * A stream that comes is silent at first: it has proved nothing. Silent ones are read and never
 * answered nor closed, so there is a bound for each network and one for all; beyond it the oldest
 * makes room. With a good hello a connection is proven, and with a name it belongs to a link, which
 * may have several. To know the server's key is no great proof either: of those who do there is a
 * bound as well, and beyond it one goes over which no peer speaks. A link outlives its connections for
 * a while, so that a client which was cut finds the same one again.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { Host, KeyPair, StreamHandler, StreamSocket, X25519 } from "../host.ts";
import type { Random } from "../random.ts";
import { HelloCiphers } from "../records/hello_ciphers.ts";
import type { DrainReason, ServerRecordOptions } from "../records/server_machine.ts";
import { reportFault, setGuardedAlarm } from "./fault.ts";
import type { Carrier, LinkHandler } from "./link.ts";
import { NamedLink } from "./named_link.ts";
import { ServerConnection, type ServerConnectionOwner } from "./server_connection.ts";
import { SilentConnections } from "./silent_connections.ts";

// Protocol constants.

/** Age at which a proven connection is closed, ms, as the original does. */
const MOST_AGE = 1_200_000;

// Tuning.

/** Proven connections: as many as a listener has sessions by default. A client of ours has six. */
const MOST_PROVEN = 16_384;

/** How long a link without a connection is remembered, ms: as long as a silent session by default. */
const MOST_LOST_AGE = 600_000;

/** Proven connections that are looked at to find one that may go. */
const MOST_LOOKS = 64;

/** Links without a connection: some 200 bytes each. */
const MOST_LOST = 4_096;

/** Connections that are being ended: those who are asked to go and do not are cut in the end. */
const MOST_ENDING = 1_024;

/** What strangers, and others, may cost. */
export interface StreamLimits {
  /** Connections that have proved nothing, at the most; 4,096 by default. */
  readonly silent?: number;
  /** The same from one network, a /24 or a /48; 64 by default. */
  readonly silentPerNetwork?: number;
  /** Connections that know the server's key, at the most; 16,384 by default. */
  readonly proven?: number;
}

/** What its strangers may cost the processor. */
export interface StreamAdmission {
  /** Whether a hello may be answered that has come from an address. */
  mayAnswer(address: Address, carrier: Carrier): boolean;
  /** Something was done for an address that has proved nothing, since an instant. */
  onServed(address: Address, from: number): void;
  /** Whether somebody speaks over a link who is no stranger any more. */
  isPeer(key: string): boolean;
}

/** Settings of a {@linkcode StreamServer}. */
export interface StreamServerOptions {
  readonly host: Host;
  /** The server's long-term pair. */
  readonly keyPair: KeyPair;
  readonly x25519: X25519;
  readonly random: Random;
  /**
   * Whether a hello has not been seen before, and remembers it. `id` is the ephemeral public key of
   * the client, 32 bytes, and `minute` since 1970 is that of the key which opened the hello; the times
   * are the host's.
   */
  readonly isFresh: ServerRecordOptions["isFresh"];
  /** Hears of links as somebody speaks, which makes a link known. */
  readonly handler: LinkHandler;
  readonly limits?: StreamLimits;
  /** Says who is answered; by default everybody. */
  readonly admission?: StreamAdmission;
}

/** What a {@linkcode StreamServer} has counted, and holds now. */
export interface StreamServerStats {
  /** Connections that came. */
  readonly accepted: number;
  /** Hellos that were answered. */
  readonly opened: number;
  /** Connections that did not open: noise, strangers, damage. */
  readonly strangers: number;
  /** Connections whose hello was refused: for lack of time, or by the program. */
  readonly refused: number;
  /** Connections that repeated a hello. */
  readonly replays: number;
  /** Live connections in which a frame was too long: damage. */
  readonly broken: number;
  /** Connections that ended by a mistake of this library that came to light in them. */
  readonly faults: number;
  /** Bytes that were read and thrown away. */
  readonly drainedBytes: number;
  /** Silent connections that were closed because there were too many. */
  readonly silentEvicted: number;
  /** Proven connections that were closed because there were too many. */
  readonly provenEvicted: number;
  /** Connections with a name that were cut. */
  readonly cuts: number;
  /** Datagrams that were dropped here. */
  readonly sendsDropped: number;
  /** Connections now that have proved nothing, those of strangers included. */
  readonly silent: number;
  /** Connections now that know the server's key. */
  readonly proven: number;
  /** Links now. */
  readonly links: number;
}

/** Makes links of the streams that come. */
export class StreamServer implements StreamHandler, ServerConnectionOwner {
  readonly #host: Host;
  readonly #handler: LinkHandler;
  readonly #admission: StreamAdmission | undefined;
  readonly #records: ServerRecordOptions;
  readonly #mostProven: number;
  readonly #silent: SilentConnections;
  /** In the order in which they proved themselves. */
  readonly #proven = new Set<ServerConnection>();
  /** Where among them the last one was found that had to go. */
  #victims: Iterator<ServerConnection> | undefined;
  readonly #ending = new Set<ServerConnection>();
  readonly #links = new Map<string, NamedLink>();
  /** Made here once: one made beside a connection would hold that for as long as its link lasts. */
  readonly #now = (): number => this.#host.now();
  /** Links without a connection, by name, and when they lost the last one; in that order. */
  readonly #lostAt = new Map<string, number>();
  #alarm: Disposable | undefined;
  #alarmAt = Infinity;
  #isClosed = false;
  readonly #counts = {
    accepted: 0,
    opened: 0,
    strangers: 0,
    refused: 0,
    replays: 0,
    broken: 0,
    faults: 0,
    drainedBytes: 0,
    silentEvicted: 0,
    provenEvicted: 0,
    cuts: 0,
    /** By connections and links that are gone. */
    sendsDropped: 0,
  };

  constructor(options: StreamServerOptions) {
    const { host, keyPair, x25519, random, isFresh, handler, admission, limits = {} } = options;
    this.#host = host;
    this.#handler = handler;
    this.#admission = admission;
    const helloCiphers = new HelloCiphers(keyPair.publicKey);
    this.#records = { keyPair, helloCiphers, x25519, random, isFresh };
    this.#mostProven = limits.proven ?? MOST_PROVEN;
    if (!(this.#mostProven >= 1)) {
      throw new RangeError(`limits.proven must be at least 1, got ${this.#mostProven}`);
    }
    this.#silent = new SilentConnections(limits);
  }

  /** A stream has come; it is closed here. One that `isSecure` gives a link of the carrier `tls`. */
  onStream(stream: StreamSocket): void {
    if (this.#isClosed) return stream.close();
    this.#counts.accepted++;
    try {
      const connection = new ServerConnection(this.#host, this.#records, stream, this);
      this.#admit(connection);
      connection.start();
    } catch (error) {
      reportFault(this.#host, error);
      this.onFault();
    }
  }

  /** What has been counted. */
  stats(): StreamServerStats {
    let { sendsDropped } = this.#counts;
    for (const { dropped } of this.#proven) sendsDropped += dropped;
    for (const { dropped } of this.#links.values()) sendsDropped += dropped;
    return {
      ...this.#counts,
      sendsDropped,
      silent: this.#silent.size,
      proven: this.#proven.size,
      links: this.#links.size,
    };
  }

  /** Ends all connections; doing so twice is harmless. No handler is called afterwards. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#alarm?.[Symbol.dispose]();
    for (const connection of [...this.#silent, ...this.#proven, ...this.#ending]) {
      connection.close();
    }
    this.#silent.clear();
    for (const all of [this.#proven, this.#ending, this.#links, this.#lostAt]) all.clear();
  }

  mayAnswer({ address, carrier }: ServerConnection): boolean {
    return this.#admission?.mayAnswer(address, carrier) ?? true;
  }

  onServed({ address }: ServerConnection, from: number): void {
    this.#admission?.onServed(address, from);
  }

  onProven(connection: ServerConnection): void {
    this.#counts.opened++;
    this.#silent.delete(connection);
    this.#proven.add(connection);
    if (this.#proven.size > this.#mostProven) {
      this.#counts.provenEvicted++;
      this.#victimOf(connection).end();
    }
    this.#arm();
  }

  onNamed(connection: ServerConnection, name: string): void {
    // Nothing can be sent to one that is asked to go.
    if (connection.isEnding) return;
    let link = this.#links.get(name);
    if (link === undefined) {
      link = new NamedLink(name, connection, this.#now);
      this.#links.set(name, link);
    }
    this.#lostAt.delete(name);
    this.#change(link, (link) => link.add(connection)?.end());
  }

  onDatagram(datagram: Uint8Array, connection: ServerConnection): void {
    const link = this.#linkOf(connection);
    if (link === undefined) return;
    if (!link.isSpeaker(connection)) this.#change(link, (link) => link.hear(connection));
    this.#handler.onDatagram(datagram, link);
  }

  onRoom(connection: ServerConnection): void {
    const link = this.#linkOf(connection);
    if (link?.isSpeaker(connection)) this.#handler.onRoom(link);
  }

  onDraining(connection: ServerConnection, reason: DrainReason): void {
    if (reason === "stranger") this.#counts.strangers++;
    else if (reason === "refused") this.#counts.refused++;
    else if (reason === "replay") this.#counts.replays++;
    else this.#counts.broken++;
    if (!this.#proven.has(connection)) return;
    this.#retire(connection);
    this.#admit(connection);
    const link = this.#linkOf(connection);
    if (link !== undefined) this.#handler.onCut(link);
  }

  onFault(): void {
    this.#counts.faults++;
  }

  onDrained(bytes: number): void {
    this.#counts.drainedBytes += bytes;
  }

  onEnding(connection: ServerConnection): void {
    this.#silent.delete(connection);
    this.#retire(connection);
    this.#ending.add(connection);
    const [oldest] = this.#ending;
    if (this.#ending.size <= MOST_ENDING || oldest === undefined) return;
    this.#ending.delete(oldest);
    oldest.close();
  }

  onOver(connection: ServerConnection, isCut: boolean): void {
    this.#silent.delete(connection);
    this.#retire(connection);
    this.#ending.delete(connection);
    const link = this.#linkOf(connection);
    if (!isCut || link === undefined) return;
    this.#counts.cuts++;
    this.#handler.onCut(link);
  }

  /** Who goes when a connection is one too many: one over which no peer speaks, or else itself. */
  #victimOf(connection: ServerConnection): ServerConnection {
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      this.#victims ??= this.#proven.values();
      const { value, done } = this.#victims.next();
      if (done) this.#victims = undefined;
      else if (!this.#isPeer(value)) return value;
    }
    return connection;
  }

  #isPeer(connection: ServerConnection): boolean {
    const link = this.#linkOf(connection);
    return link !== undefined && this.#admission?.isPeer(link.key) === true;
  }

  #linkOf({ name }: ServerConnection): NamedLink | undefined {
    return name === undefined ? undefined : this.#links.get(name);
  }

  /** Takes a connection among the silent ones. */
  #admit(connection: ServerConnection): void {
    const evicted = this.#silent.add(connection);
    if (evicted === undefined) return;
    this.#counts.silentEvicted++;
    evicted.end();
  }

  /** A connection can be sent to no longer. */
  #retire(connection: ServerConnection): void {
    if (!this.#proven.delete(connection)) return;
    this.#counts.sendsDropped += connection.dropped;
    const { name } = connection;
    const link = this.#linkOf(connection);
    if (name === undefined || link === undefined) return;
    this.#change(link, (link) => link.remove(connection));
    if (!link.isLost) return;
    this.#lostAt.set(name, this.#host.now());
    if (this.#lostAt.size > MOST_LOST) this.#forgetOldest();
    this.#arm();
  }

  /** Does something after which a link may send elsewhere, where there is room. */
  #change(link: NamedLink, change: (link: NamedLink) => void): void {
    const wasFull = link.isFull;
    change(link);
    if (wasFull && !link.isFull) this.#handler.onRoom(link);
  }

  #forgetOldest(): void {
    const [name] = this.#lostAt.keys();
    if (name === undefined) return;
    this.#lostAt.delete(name);
    this.#counts.sendsDropped += this.#links.get(name)?.dropped ?? 0;
    this.#links.delete(name);
  }

  /** Sets the alarm for what grows old next. */
  #arm(): void {
    const [oldest] = this.#proven;
    const [lostAt = Infinity] = this.#lostAt.values();
    const at = Math.min((oldest?.since ?? Infinity) + MOST_AGE, lostAt + MOST_LOST_AGE);
    // One that rings too early does no harm; most deadlines only move away.
    if (this.#isClosed || at >= this.#alarmAt) return;
    this.#alarm?.[Symbol.dispose]();
    this.#alarmAt = at;
    this.#alarm = setGuardedAlarm(this.#host, at, () => {
      this.#alarmAt = Infinity;
      this.#sweep();
      this.#arm();
    });
  }

  #sweep(): void {
    const now = this.#host.now();
    for (const connection of this.#proven) {
      if (now - connection.since < MOST_AGE) break;
      connection.end();
    }
    for (const lostAt of this.#lostAt.values()) {
      if (now - lostAt < MOST_LOST_AGE) break;
      this.#forgetOldest();
    }
  }
}
