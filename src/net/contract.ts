/**
 * What programs see: sessions, multiplexes and streams. Types only; listeners stand in
 * `listen_contract.ts`.
 *
 * Two lanes run over one session. The lossy lane never waits: `send` gives a datagram away or drops
 * it and says so, and what nobody receives in time is dropped and counted. The reliable lane loses
 * nothing and makes its writer wait instead.
 *
 * Every wait takes a `signal`, ends when its object is closed, and ends in a typed error: an
 * operation that cannot finish rejects with a {@linkcode SosistabError}, one that was aborted with
 * the signal's reason. `closed` never rejects.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { SosistabError } from "../errors.ts";
import type { CongestionChoice } from "../mux/create_congestion.ts";
import type { MuxStats } from "../mux/machine.ts";
import type { RepairExplanation } from "../repair/explanation.ts";
import type { RepairOptions } from "../repair/options.ts";
import type { SessionCounts } from "../session/machine.ts";
import type { StatsGatherer } from "../stats/gatherer.ts";
import type { Connector } from "../transport/connector.ts";
import type { Carrier } from "../transport/link.ts";

/** How a wait can be broken off. */
export interface WaitOptions {
  /** Aborting it makes the wait reject with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How something came to its end. */
export interface Closure {
  /**
   * Who ended it: this end, the other one, nobody (it was idle or unanswered for too long), or a
   * fault.
   */
  readonly by: "local" | "remote" | "timeout" | "error";
  /** Why, when it was not an orderly end. */
  readonly error?: SosistabError;
}

/** How lost datagrams are repaired, in the direction of this end's sending. */
export interface DatagramRepairOptions extends RepairOptions {
  /**
   * How old a datagram may be to be of use still, ms, 0 to 60,000; 25 by default. When the report of
   * a loss can be answered within that time, parity is sent on report only, which costs a fraction.
   * 0: nothing is repaired unless it says so itself.
   */
  readonly maxAge?: number;
}

/** What one datagram wants. */
export interface SendOptions {
  /** How old it may be to be of use still, ms; 0 to 60,000; by default the
   * session's {@linkcode DatagramRepairOptions.maxAge}. */
  readonly maxAge?: number;
}

/** Settings of {@linkcode connect}. */
export interface ConnectOptions {
  /** The server's host name or IP literal. */
  readonly hostname: string;
  /** The server's port, 1 to 65,535. */
  readonly port: number;
  /** The server's public key, 32 bytes. It identifies the server, and is as good as a password. */
  readonly serverKey: Uint8Array;
  /**
   * What the datagrams travel on: `"udp"`, the default; `"tcp"`, streams that look like noise; `"tls"`,
   * the same inside of TLS; `"auto"`: UDP, and TCP as long as UDP does not get through, or is held back
   * so that TCP is faster.
   */
  readonly protocol?: "udp" | "tcp" | "tls" | "auto";
  /**
   * Sockets, or byte streams, to spread the packets over, 1 to 16; by default 1 socket, or 6 streams:
   * where packets get lost several streams are faster than one.
   */
  readonly shards?: number;
  /**
   * How often several shards are compared, ms; 30,000 by default. One through which less comes than
   * chance allows is replaced.
   */
  readonly resetInterval?: number;
  /** Opens the byte streams of `"tcp"` and `"tls"`, for example through a proxy. */
  readonly connector?: Connector;
  /** The name that TLS asks for in clear (SNI); by default none, and none is made up. */
  readonly serverName?: string;
  /**
   * How long to ask before giving up, ms; 30,000 by default. What became of the last byte stream is the
   * `cause` of `no-answer`; a proxy that refuses ends it at once.
   */
  readonly timeout?: number;
  /** How long a session may be silent in both directions before it ends, ms; 600,000 by default. */
  readonly idleTimeout?: number;
  /** How datagrams that are lost on the way to the server are repaired; `false`: not at all. */
  readonly repair?: DatagramRepairOptions | false;
  /** What the server may cost. */
  readonly limits?: SessionLimits;
  /** How long one set of keys is used, before the client agrees on another with the server. */
  readonly keyLimits?: KeyLimits;
  /** Aborting it breaks the handshake off. It has no effect afterwards. */
  readonly signal?: AbortSignal;
  /**
   * Records the session's course, when it is active: `total_sent_bytes` and `total_recv_bytes`
   * (bytes), `recv_loss` and `send_loss` (0 to 1), `smooth_ping` and `raw_ping` (ms).
   */
  readonly stats?: StatsGatherer;
}

/**
 * What the other end of a session may cost. What is beyond a limit is dropped without a word, so that
 * its sender slows down; streams are refused.
 */
export interface SessionLimits {
  /** Streams that it may have open at a time, 1 to 65,536; 1,024 by default. */
  readonly streams?: number;
  /**
   * Bytes that one stream may hold that nobody has read, or that wait for others before them; 8 MiB by
   * default.
   */
  readonly bytesPerStream?: number;
  /**
   * Bytes that the session may hold: those of its streams and what these cost themselves, datagrams
   * that nobody has received, pieces of datagrams, and what is kept to repair some; 32 MiB by default.
   * What somebody waits for is taken all the same.
   */
  readonly bytes?: number;
}

/**
 * How long one set of keys is used. Streams go on under the next one; a few datagrams on their way may
 * get lost. A server of the original cannot go on with them: there neither limit holds, and the streams
 * end with `session-lost` when the keys are all but spent, after 4,000,000,000 packets.
 */
export interface KeyLimits {
  /** Packets, in one direction; 2^31, the default, at the most. */
  readonly packets?: number;
  /** Time, ms; a day by default, twelve at the most. */
  readonly age?: number;
}

/** What a {@linkcode Session} has counted since it began. */
export interface SessionStats extends SessionCounts {
  /** Smoothed round trip, ms; before anything was measured, what the handshake took. */
  readonly rtt: number;
  /** Smallest round trip seen, ms. */
  readonly leastRtt: number;
  /** Datagrams that were not made by the other end: noise, or at a server a resume. */
  readonly packetsForeign: number;
  /** Datagrams that could not be sent here: the socket was full. */
  readonly sendsDropped: number;
  /** Datagrams that nobody received in time. */
  readonly receivesDropped: number;
  /** Bytes that the session holds now, as its {@linkcode SessionLimits} count them. */
  readonly bytesHeld: number;
  /** How often something was dropped, or not kept, because the session or all of them held too much. */
  readonly droppedByMemoryLimit: number;
  /** What packets travel on now. */
  readonly carrier: Carrier;
  /** Why, in words, where the choice was ours; `undefined` where it was the program's. */
  readonly carrierReason: string | undefined;
  /**
   * What is done against the loss of what we send, and why; `undefined` when repair is off, or when the
   * carrier itself loses nothing.
   */
  readonly repair: RepairExplanation | undefined;
}

/** An encrypted, obfuscated path for datagrams between a client and a server. */
export interface Session extends AsyncDisposable {
  /** Where the other end is. It may change while the session lasts. */
  readonly remoteAddr: Address;
  /** Longest datagram that {@linkcode send} takes, bytes. */
  readonly maxDatagramSize: number;
  /** Datagrams as they come: another view on {@linkcode receive}. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes datagrams to send: another view on {@linkcode send}. */
  readonly writable: WritableStream<Uint8Array>;
  /** Settles when the session has ended, and never rejects. */
  readonly closed: Promise<Closure>;
  /**
   * Sends a datagram, which may get lost.
   *
   * @param datagram 0 to {@linkcode maxDatagramSize} bytes; borrowed until the call returns.
   * @returns `false` when it was dropped here. Throws `datagram-too-large`, or `closed` when the
   * session has ended or belongs to a multiplex; `RangeError` for a `maxAge` out of range.
   */
  send(datagram: Uint8Array, options?: SendOptions): boolean;
  /**
   * Waits for the next datagram. Up to 2,048 wait for their receiver, and a MiB of them; after that
   * the oldest are dropped.
   *
   * @returns Rejects with why the session ended, when it has.
   */
  receive(options?: WaitOptions): Promise<Uint8Array>;
  /**
   * Tells the session that the network may have changed: it shows the server its address at once.
   * The server answers to there as soon as a datagram has come from there: a mere claim could be
   * anybody's.
   */
  refresh(): void;
  /** What has been counted. */
  stats(): SessionStats;
  /**
   * Turns the session into a multiplex, which takes it over: what has come and was not received goes
   * there. Calling it again gives the same multiplex, also after its end.
   *
   * A server's session may have ended before it was accepted, when its client has gone: who serves many
   * catches what is thrown.
   *
   * @throws The {@linkcode SosistabError} that says how the session ended, if it was never a multiplex
   * and has ended: `goodbye` when the other end has closed it, `closed` when it was closed here, and
   * otherwise the error of {@linkcode Session.closed}, such as `idle-timeout`.
   */
  multiplex(options?: MultiplexOptions): Multiplex;
  /**
   * Ends the session; doing so twice is harmless. The other end is told, and ends `{ by: "remote" }`;
   * one of the original cannot be told and learns of it by silence. {@linkcode closed} settles at once.
   *
   * @returns Settles when the other end has answered, or after two seconds at the most: then no socket
   * and no timer is left. Who does not wait for it only has to leave the process running for so long.
   */
  close(): Promise<void>;
}

/** Settings of {@linkcode Session.multiplex}. */
export interface MultiplexOptions {
  /**
   * How long an answer that is awaited may stay away before the other end counts as dead, ms; 30,000
   * by default, at least 1. Who awaits none cannot tell silence from death: then only `idleTimeout` ends
   * the session, since nothing is sent just to keep it alive.
   */
  readonly deadAfter?: number;
  /**
   * How fast it sends: `"lift"`, the default over UDP, fills links that lose much and keeps queues
   * short; over streams to our own kind the default lets their TCP find out the rate (`"stream"`);
   * `"cubic"`, `"bic"` and `"highspeed"` slow down for every loss; `{ name: "fixed", bitsPerSecond }`
   * asks nobody; or an object of your own, for this multiplex alone.
   */
  readonly congestion?: CongestionChoice;
}

/** What a {@linkcode Multiplex} has counted since it began. */
export interface MultiplexStats extends MuxStats, SessionStats {
  /** Name of the congestion controller. */
  readonly congestion: string;
  /** How many segments it lets be in flight. */
  readonly window: number;
}

/** Reliable streams and unreliable messages over one session. */
export interface Multiplex extends AsyncDisposable {
  /** Longest message that {@linkcode sendUrel} takes, bytes. */
  readonly maxDatagramSize: number;
  /** Settles when the multiplex has ended, and never rejects. */
  readonly closed: Promise<Closure>;
  /**
   * Opens a stream.
   *
   * @param info Told to the other end, at most 1,024 bytes of UTF-8; empty by default.
   * @returns Settles when the other end has answered. Rejects with `reset` when it refuses,
   * `no-answer` when it says nothing for 30 s though it is alive, `too-many-streams`, or why the
   * multiplex ended.
   */
  openConn(info?: string, options?: WaitOptions): Promise<RelConn>;
  /** Waits for the next stream that the other end opens; rejects with why the multiplex ended. */
  acceptConn(options?: WaitOptions): Promise<RelConn>;
  /** The streams that the other end opens, until the multiplex ends. */
  [Symbol.asyncIterator](): AsyncIterableIterator<RelConn>;
  /**
   * Sends an unreliable message.
   *
   * @param datagram 0 to {@linkcode maxDatagramSize} bytes; borrowed until the call returns.
   * @returns `false` when it was dropped here. Throws `datagram-too-large`, or why the multiplex
   * ended; `RangeError` for a `maxAge` out of range.
   */
  sendUrel(datagram: Uint8Array, options?: SendOptions): boolean;
  /** Waits for the next unreliable message; rejects with why the multiplex ended. */
  receiveUrel(options?: WaitOptions): Promise<Uint8Array>;
  /**
   * The next unreliable message, if one has come: does not wait.
   *
   * @returns `undefined` when there is none. Throws why the multiplex ended.
   */
  tryReceiveUrel(): Uint8Array | undefined;
  /** What has been counted. */
  stats(): MultiplexStats;
  /**
   * Lets the streams go on in another session of the same two ends, for example one over another
   * carrier. The old session is given up, the new one belongs to the multiplex from now on.
   *
   * A client says so to a server of our own kind, which does its part by itself. With the original the
   * program of the server must do the same there, and what is sent in between is repeated.
   *
   * @param session One that nobody has turned into a multiplex. Throws `closed` when it or the
   * multiplex has ended, `TypeError` when it is of the other role.
   */
  replaceSession(session: Session): void;
  /**
   * Cuts all streams and ends the session, as {@linkcode Session.close} does. A stream whose `closed` has
   * settled before loses nothing: the other end has, or will have had, all of it.
   */
  close(): Promise<void>;
}

/** A reliable stream of bytes in both directions. */
export interface RelConn extends AsyncDisposable {
  /** Its number, the same at both ends. */
  readonly id: number;
  /** What the end that opened it said of it. */
  readonly info: string;
  /** What comes, in chunks of up to 64 KiB. Cancelling it means that nobody reads any more. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes what goes. Closing it ends the writing half, aborting it cuts the stream. */
  readonly writable: WritableStream<Uint8Array>;
  /** Settles when the stream has ended in both directions, and never rejects. */
  readonly closed: Promise<Closure>;
  /**
   * Reads what has come, waiting for the first byte.
   *
   * @param into Filled from its start; must hold at least one byte, and stay untouched until then.
   * @returns How many bytes, at least 1; `null` at the end. Rejects with `reset` when the other end
   * cut the stream, or why the multiplex ended. Two reads at once are a mistake.
   */
  read(into: Uint8Array, options?: WaitOptions): Promise<number | null>;
  /**
   * Writes all of a chunk.
   *
   * @param chunk Must stay untouched until then.
   * @returns Settles when all of it has been taken, not when it has arrived. Rejects with `closed`
   * after the writing half was ended, `reset` when the other end cut the stream, or why the
   * multiplex ended. Two writes at once are a mistake.
   */
  write(chunk: Uint8Array, options?: WaitOptions): Promise<void>;
  /** Ends the writing half: the other end reads what was written, and then the end. */
  closeWrite(): void;
  /**
   * Ends the stream in order: what was written still arrives, what comes is thrown away.
   *
   * @returns Settles with {@linkcode closed}.
   */
  close(): Promise<void>;
  /**
   * Cuts the stream: what has not arrived is lost, and the other end learns that.
   *
   * @param code Why, in the program's own terms, 0 to 4,294,967,295: the other end's program finds it in
   * the `resetCode` of its error. The original does not look. Throws `RangeError` when out of range.
   */
  reset(code?: number): void;
}
