/**
 * A server's links over byte streams.
 *
 * A stream that comes is silent at first: it has proved nothing. Silent ones are read and never
 * answered nor closed, so there is a bound for each network and one for all; beyond it the oldest
 * makes room. With a good hello a connection is proven, and with a name it belongs to a link, which
 * may have several. A link outlives its connections for a while, so that a client which was cut finds
 * the same one again.
 *
 * @module
 */
import type { Host, KeyPair, StreamHandler, StreamSocket, X25519 } from "../host.ts";
import type { Random } from "../random.ts";
import { HelloCiphers } from "../records/hello_ciphers.ts";
import type { DrainReason, ServerRecordOptions } from "../records/server_machine.ts";
import type { LinkHandler } from "./link.ts";
import { NamedLink } from "./named_link.ts";
import { ServerConnection, type ServerConnectionOwner } from "./server_connection.ts";
import { SilentConnections } from "./silent_connections.ts";

// Protocol constants.

/** Age at which a proven connection is closed, ms, as the original does. */
const MOST_AGE = 1_200_000;

// Tuning.

/** Proven connections: as many as a listener has sessions by default. A client needs two for a moment. */
const MOST_PROVEN = 16_384;

/** How long a link without a connection is remembered, ms: as long as a silent session by default. */
const MOST_LOST_AGE = 600_000;

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
}

/** What a {@linkcode StreamServer} has counted, and holds now. */
export interface StreamServerStats {
  /** Connections that came. */
  readonly accepted: number;
  /** Hellos that were answered. */
  readonly opened: number;
  /** Connections that did not open: noise, strangers, damage. */
  readonly strangers: number;
  /** Connections that repeated a hello. */
  readonly replays: number;
  /** Live connections in which a frame was too long: damage. */
  readonly broken: number;
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
  readonly #records: ServerRecordOptions;
  readonly #mostProven: number;
  readonly #silent: SilentConnections;
  /** In the order in which they proved themselves. */
  readonly #proven = new Set<ServerConnection>();
  readonly #ending = new Set<ServerConnection>();
  readonly #links = new Map<string, NamedLink>();
  /** Links without a connection, by name, and when they lost the last one; in that order. */
  readonly #lostAt = new Map<string, number>();
  #alarm: Disposable | undefined;
  #alarmAt = Infinity;
  #isClosed = false;
  readonly #counts = {
    accepted: 0,
    opened: 0,
    strangers: 0,
    replays: 0,
    broken: 0,
    drainedBytes: 0,
    silentEvicted: 0,
    provenEvicted: 0,
    cuts: 0,
    /** By connections and links that are gone. */
    sendsDropped: 0,
  };

  constructor(options: StreamServerOptions) {
    const { host, keyPair, x25519, random, isFresh, handler, limits = {} } = options;
    this.#host = host;
    this.#handler = handler;
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
    const connection = new ServerConnection(this.#host, this.#records, stream, this);
    this.#counts.accepted++;
    this.#admit(connection);
    connection.start();
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

  onProven(connection: ServerConnection): void {
    this.#counts.opened++;
    this.#silent.delete(connection);
    this.#proven.add(connection);
    if (this.#proven.size > this.#mostProven) {
      const [oldest] = this.#proven;
      this.#counts.provenEvicted++;
      oldest?.end();
    }
    this.#arm();
  }

  onNamed(connection: ServerConnection, name: string): void {
    // Nothing can be sent to one that is asked to go.
    if (connection.isEnding) return;
    let link = this.#links.get(name);
    if (link === undefined) {
      link = new NamedLink(name, connection, () => this.#host.now());
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
    else if (reason === "replay") this.#counts.replays++;
    else this.#counts.broken++;
    if (!this.#proven.has(connection)) return;
    this.#retire(connection);
    this.#admit(connection);
    const link = this.#linkOf(connection);
    if (link !== undefined) this.#handler.onCut(link);
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
    this.#alarm = this.#host.setAlarm(at, () => {
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
