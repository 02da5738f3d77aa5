/**
 * What programs see of a listener. Types only.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { ReplayStore, TlsIdentity } from "../host.ts";
import type { Carrier } from "../transport/link.ts";
import type { StreamServerStats } from "../transport/stream_server.ts";
import type { DatagramRepairOptions, Session, SessionLimits, WaitOptions } from "./contract.ts";
import type { HelloStats } from "./hello_memory.ts";

/** Limits of a {@linkcode Listener}. */
export interface ListenLimits {
  /** Sessions open at the same time, at the most; 16,384 by default. */
  readonly sessions?: number;
  /** Sessions that wait to be accepted, at the most; 1,024 by default. */
  readonly backlog?: number;
  /**
   * Tokens that are remembered for up to ten seconds until their clients prove that they have the keys,
   * at the most; 4,096 by default, which are 1.2 MB. Half of them are for who shows a token where it was
   * sent to, or over a stream.
   */
  readonly candidates?: number;
  /**
   * The share of the processor that may go into handshakes, above 0 and up to 1; 0.2 by default. Sessions
   * come first, and beyond the share nobody new is answered; close to it, an IPv4 address or a /64 of
   * IPv6 gets 20 handshakes a second, 5 at once. 1 is no limit.
   */
  readonly handshakeShare?: number;
  /** Streams that have not proven to know the server's key, at the most; 4,096 by default. */
  readonly silentStreams?: number;
  /** The same of one network, /24 or /48; 64 by default. */
  readonly silentStreamsPerNetwork?: number;
  /**
   * Streams that have, at the most; 16,384 by default, for 2,730 clients that have six each. Beyond it the
   * oldest is closed that belongs to no session.
   */
  readonly streams?: number;
  /**
   * Bytes that all sessions may hold together, as {@linkcode SessionLimits} count them. By default they
   * share 256 MiB with all other listeners and clients of the host that say nothing of it.
   */
  readonly bytes?: number;
  /** What the client of each session may cost. */
  readonly perSession?: SessionLimits;
}

/** Somebody who knows the server's key asks for a session. */
export interface HelloRequest {
  /** Where that came from; over UDP anybody can write any address there. */
  readonly remoteAddr: Address;
  /** What it came over. */
  readonly carrier: Carrier;
  /** The host's clock, ms. */
  readonly now: number;
}

/** Settings of {@linkcode listen}. */
export interface ListenOptions {
  /** Address to listen at, an IP literal or a host name; all addresses by default. */
  readonly hostname?: string;
  /** Port to listen at; 0, the default, takes any that is free. */
  readonly port?: number;
  /** The server's secret key, 32 bytes. */
  readonly secretKey: Uint8Array;
  /**
   * Where it is kept which hellos were answered, for the listener after this one; by default
   * the host's {@linkcode Host.replayStore}, if there is one. It belongs to the key.
   */
  readonly replayStore?: ReplayStore;
  /**
   * Whether no listener has ever had this key. Otherwise what is not in the replay store, or all where
   * there is none, may have been answered before, and who copied it could find the server out by
   * saying it again. So then only hellos of minutes are answered that began after the start, and
   * nobody can connect for up to a minute.
   */
  readonly freshKey?: boolean;
  /** Whether datagrams are taken over UDP; by default they are. */
  readonly udp?: boolean;
  /** Whether they are taken over TCP, at the same port; by default they are not. */
  readonly tcp?: boolean;
  /**
   * With a certificate of yours, who speaks TLS at the TCP port is answered by TLS. Without one they
   * are strangers like any other: no certificate is ever made up.
   */
  readonly tls?: TlsIdentity;
  /**
   * How long a session may hear nothing before it ends, ms; 600,000 by default. A client that vanishes
   * while nothing is sent to it is noticed by this alone, so 60,000 frees its session within a minute; and
   * then clients must say something that often.
   */
  readonly idleTimeout?: number;
  /** How datagrams that are lost on the way to clients are repaired; `false`: not at all. */
  readonly repair?: DatagramRepairOptions | false;
  /** What strangers may cost. */
  readonly limits?: ListenLimits;
  /**
   * Asked before a hello is answered, and before it costs more than it took to open it: `false` means
   * silence. A hello that somebody repeats is asked about again; over TCP each connection has one, and
   * the session another. What it throws refuses the hello, and is an uncaught error.
   */
  readonly onHello?: (hello: HelloRequest) => boolean;
  /**
   * Decides about each session that has begun, before {@linkcode Listener.accept} gives it out: `true`
   * lets it in. Anything else ends the session, and so does what this throws, or that it takes longer
   * than `authorizeTimeout`. Meanwhile the session is among those that wait to be accepted.
   *
   * A client has no identity but what it says inside of its session. So for user accounts, let it say
   * who it is over its first stream, which nobody else can read, change or repeat:
   *
   * ```ts ignore
   * const users = new WeakMap<Session, string>();
   * const listener = await listen({
   *   secretKey,
   *   authorize: async (session, { signal }) => {
   *     const conn = await session.multiplex().acceptConn({ signal });
   *     const user = await checkPassword(conn, { signal });
   *     if (user === undefined) return false;
   *     users.set(session, user);
   *     return true;
   *   },
   * });
   * for await (const session of listener) serve(users.get(session), session.multiplex());
   * ```
   */
  readonly authorize?: (
    session: Session,
    options: { readonly signal: AbortSignal },
  ) => boolean | Promise<boolean>;
  /** How long `authorize` may take, ms; 10,000 by default. */
  readonly authorizeTimeout?: number;
  /** Told of each datagram that has come, with its length. What it throws is an uncaught error. */
  readonly onReceive?: (length: number, from: Address) => void;
  /** Told of each datagram that was sent, with its length. What it throws is an uncaught error. */
  readonly onSend?: (length: number, to: Address) => void;
  /** Aborting it closes the listener. */
  readonly signal?: AbortSignal;
}

/** Datagrams that belong to no session and open none, by the reason. */
export interface PacketDrops {
  /** Shorter or longer than any handshake. */
  readonly length: number;
  /** They opened under no key: noise, strangers, damage. */
  readonly unopened: number;
  /** Opened by who knows the server's key, and no hello or resume that is answered. */
  readonly frame: number;
  /** Hellos with a key of low order. */
  readonly key: number;
  /** Resumes whose token is not ours, or too old. */
  readonly token: number;
}

/** Settings of {@linkcode Listener.close}. */
export interface DrainOptions {
  /** How long open streams may take to finish, ms, 0 to 1,073,741,824; 0, the default: they are cut. */
  readonly drain?: number;
  /** Aborting it cuts what is left at once, as if the time were over. */
  readonly signal?: AbortSignal;
}

/** What a {@linkcode Listener} has counted since it began. */
export interface ListenerStats {
  /** Datagrams that came. */
  readonly packetsProcessed: number;
  /** Datagrams that opened under no key: noise, strangers, damage. */
  readonly packetsFailed: number;
  /** Why these failed. */
  readonly packetDrops: PacketDrops;
  /** Handshakes and frames that had been seen before. */
  readonly packetsReplayed: number;
  /** Mistakes of this library that what came has brought to light; each ended one session at the most. */
  readonly faults: number;
  /** Hellos that were answered. */
  readonly handshakes: number;
  /** Sessions open now, accepted or not. */
  readonly sessionsOpen: number;
  /** Sessions that wait to be accepted. */
  readonly sessionsQueued: number;
  /** Tokens that were shown, and whose clients have not proved yet that they have the keys. */
  readonly candidates: number;
  /** What is known of hellos that were answered before. */
  readonly hellos: HelloStats;
  /** Datagrams of strangers that were not looked at, and hellos not answered: it had cost too much. */
  readonly droppedByHandshakeShare: number;
  /** Datagrams of strangers that were not looked at: their source had had its part. */
  readonly droppedBySourceRate: number;
  /** Hellos that `onHello` refused. */
  readonly droppedByOnHello: number;
  /** Tokens that were shown when too many others had been. */
  readonly droppedByCandidateLimit: number;
  /** Sessions that `authorize` did not let in. */
  readonly droppedByAuthorize: number;
  /** Sessions that were refused because too many were open. */
  readonly droppedBySessionLimit: number;
  /** Bytes that all sessions hold now, and whatever shares the limit with them. */
  readonly bytesHeld: number;
  /** How often something was dropped, or not kept, because they all held too much together. */
  readonly droppedByMemoryLimit: number;
  /** Sessions that were refused because too many waited to be accepted. */
  readonly droppedByBacklog: number;
  /** Datagrams that could not be sent here: the socket was full. */
  readonly sendsDropped: number;
  /** Errors of the socket. They are survived. */
  readonly socketErrors: number;
  /** What became of TCP connections; `undefined` when none are taken. */
  readonly streams: StreamServerStats | undefined;
}

/** A server's socket, which makes sessions of the clients that know its key. */
export interface Listener extends AsyncDisposable {
  /** Where it listens, with the real port. */
  readonly addr: Address;
  /** The server's public key, 32 bytes: what clients must know. */
  readonly publicKey: Uint8Array;
  /**
   * Waits for the next session.
   *
   * @returns Rejects with `closed` when the listener is or gets closed.
   */
  accept(options?: WaitOptions): Promise<Session>;
  /** The sessions as they come, until the listener is closed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Session>;
  /** What has been counted. */
  stats(): ListenerStats;
  /**
   * Closes the sockets and all sessions that came through them. The other ends are told, if they are of
   * our own kind.
   *
   * With `drain` what is open may finish first: at once no session begins any more, no stream is
   * opened, and sessions without streams end; the others end with their last stream, and what
   * is left at the deadline is cut. Closing it again meanwhile can only bring the deadline nearer:
   * `close()` cuts at once.
   *
   * @returns Settles when nothing is left: after a drain, two seconds later at the most. Rejects with
   * `RangeError`, and does nothing, when `drain` is out of range.
   */
  close(options?: DrainOptions): Promise<void>;
}
