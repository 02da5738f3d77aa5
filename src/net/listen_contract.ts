/**
 * What programs see of a listener. Types only.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { ReplayStore, TlsIdentity } from "../host.ts";
import type { StreamServerStats } from "../transport/stream_server.ts";
import type { DatagramRepairOptions, Session, WaitOptions } from "./contract.ts";
import type { HelloStats } from "./hello_memory.ts";

/** Limits of a {@linkcode Listener}. */
export interface ListenLimits {
  /** Sessions open at the same time, at the most; 16,384 by default. */
  readonly sessions?: number;
  /** Sessions that wait to be accepted, at the most; 1,024 by default. */
  readonly backlog?: number;
  /** Streams that have not proven to know the server's key, at the most; 4,096 by default. */
  readonly silentStreams?: number;
  /** The same of one network, /24 or /48; 64 by default. */
  readonly silentStreamsPerNetwork?: number;
  /** Streams that have, at the most; 16,384 by default. */
  readonly streams?: number;
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
  /** How long a session may hear nothing before it ends, ms; 600,000 by default. */
  readonly idleTimeout?: number;
  /** How datagrams that are lost on the way to clients are repaired; `false`: not at all. */
  readonly repair?: DatagramRepairOptions | false;
  /** What strangers may cost. */
  readonly limits?: ListenLimits;
  /** Told of each datagram that has come, with its length. Must not throw. */
  readonly onReceive?: (length: number, from: Address) => void;
  /** Told of each datagram that was sent, with its length. Must not throw. */
  readonly onSend?: (length: number, to: Address) => void;
  /** Aborting it closes the listener. */
  readonly signal?: AbortSignal;
}

/** What a {@linkcode Listener} has counted since it began. */
export interface ListenerStats {
  /** Datagrams that came. */
  readonly packetsProcessed: number;
  /** Datagrams that opened under no key: noise, strangers, damage. */
  readonly packetsFailed: number;
  /** Handshakes and frames that had been seen before. */
  readonly packetsReplayed: number;
  /** Hellos that were answered. */
  readonly handshakes: number;
  /** Sessions open now, accepted or not. */
  readonly sessionsOpen: number;
  /** Sessions that wait to be accepted. */
  readonly sessionsQueued: number;
  /** What is known of hellos that were answered before. */
  readonly hellos: HelloStats;
  /** Sessions that were refused because too many were open. */
  readonly droppedBySessionLimit: number;
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
  /** Closes the socket and all sessions that came through it; doing so twice is harmless. */
  close(): Promise<void>;
}
