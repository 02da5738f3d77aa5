/**
 * What the core asks of the world: time, chance, names and sockets.
 *
 * A {@linkcode Host} is a plain value that is passed in. The adapters for Deno, Bun and Node each
 * make one, a simulated one runs on virtual time, and a program may bring its own. Types only: this
 * file holds no code.
 *
 * @module
 */
import type { Address } from "./address.ts";
import type { RandomSource } from "./random.ts";

/** A world in which sosistab can run. Every member may be called at any time, in any order. */
export interface Host {
  /** Milliseconds on a monotonic clock, with fractions. Never goes back; the origin means nothing. */
  now(): number;

  /** Seconds since 1970 on the wall clock, on which client and server agree within two minutes. */
  epochSeconds(): number;

  /** Fills `into` with bytes that nobody can predict. At most 65,536 at a time. */
  readonly random: RandomSource;

  /**
   * Calls `wake` once, soon after `now()` has reached `at`, and never synchronously. `at` may lie
   * in the past; a distance of more than 2^30 ms may be cut to that.
   *
   * @returns Disposing it cancels the alarm; doing so twice, or after it rang, is harmless.
   */
  setAlarm(at: number, wake: () => void): Disposable;

  /**
   * Finds the addresses of a host name. An IP literal resolves to itself.
   *
   * @returns IP literals, at least one, best first. Rejects with the {@linkcode SosistabError}
   * `name-not-found` when there is none.
   */
  resolve(hostname: string): Promise<readonly string[]>;

  /**
   * Opens a UDP socket.
   *
   * @param address Where to listen: an IP literal, and a port or 0 for any.
   * @returns Rejects with the {@linkcode SosistabError} `address-in-use`, `permission-denied` or
   * `socket-failed`.
   */
  bindDatagram(address: Address, handler: DatagramHandler): Promise<DatagramSocket>;

  /**
   * Opens a byte stream: a TCP connection. Missing where there are none.
   *
   * @param address An IP literal and a port.
   * @param options `signal` ends the wait.
   * @returns Rejects with the {@linkcode SosistabError} `reset` when it was refused, `no-answer` when
   * nobody is there, `permission-denied` or `socket-failed`; and with the signal's reason.
   */
  connectStream?(address: Address, options?: ConnectStreamOptions): Promise<StreamSocket>;

  /**
   * Listens for byte streams. Missing where there are none.
   *
   * @param address Where to listen: an IP literal, and a port or 0 for any.
   * @param options With a certificate TLS is spoken too, to those who begin it.
   * @returns Rejects with the {@linkcode SosistabError} `address-in-use`, `permission-denied` or
   * `socket-failed`; and with a `TypeError` when the certificate or its key is none.
   */
  listenStream?(
    address: Address,
    handler: StreamHandler,
    options?: ListenStreamOptions,
  ): Promise<StreamListener>;

  /**
   * Speaks TLS, as a client, over a byte stream. Missing where there is none.
   *
   * Any certificate is taken: who the server is, it proves by its key inside. So this hides what is
   * spoken, and from nobody who can change what passes. On Bun, closing one half of such a stream
   * closes both.
   *
   * @param stream From now on the callee's, however the call ends.
   * @returns The stream inside. Rejects with the {@linkcode SosistabError} `reset` or
   * `connection-lost` when the stream broke or the other end does not speak TLS, `no-answer` when it
   * is silent for too long; and with the signal's reason.
   */
  secureStream?(stream: ByteStream, options?: SecureStreamOptions): Promise<ByteStream>;

  /** A faster X25519 than the portable one, where the platform has it. */
  readonly x25519?: X25519;

  /** Where a listener keeps which hellos it has answered, unless it is told of another place. */
  readonly replayStore?: ReplayStore;

  /**
   * Makes another implementation of the session packets' cipher, which must do exactly what the
   * portable one does: a faster one, where the platform has it. Whatever stands here is all that
   * protects the packets; only a simulated host may give one that does not.
   *
   * @param key 32 bytes, borrowed until the call returns.
   */
  createCipher?(key: Uint8Array): PacketCipher;

  /**
   * Told of a mistake of the library's own that something from the network has brought to light: what
   * was thrown. The session or the connection concerned ends, all else goes on. Where it is missing
   * that is an uncaught error, which on most runtimes ends the process. Must not throw.
   */
  onFault?(error: unknown): void;

  /**
   * Told the state of a session just before each of its packets is sealed, for logs. Where it is
   * missing nothing is spent on it.
   */
  onSessionState?(state: SessionState): void;
}

/**
 * Keeps some bytes of a listener for longer than it lives: a file beside its key, a value, a row.
 *
 * In it stands which hellos were answered, so that none is answered again after a restart. Without one
 * a listener does not know, and answers only hellos of minutes that began after its start: for up to a
 * minute nobody can connect. The bytes are sealed under the server's secret key: whoever reads them
 * learns how many hellos were answered and no more, and damage is noticed. They are a few kilobytes; a
 * flood makes them 8 MB at the most.
 *
 * Calls take effect in the order in which they are made, though the next one may come before the last
 * has settled. An append that is done when the call returns loses nothing with the process.
 */
export interface ReplayStore {
  /**
   * Reads all that was written. Called at the start, and now and then before
   * {@linkcode ReplayStore.replace}.
   *
   * @returns `undefined` when nothing ever was.
   */
  load(): Promise<Uint8Array | undefined>;

  /**
   * Adds to the end of what was written, just before a hello is answered; for what comes while 64 calls
   * are under way, in one call as soon as one of them has settled.
   *
   * @param bytes Some 40 of them, and 8 more for each further hello; the callee's.
   */
  append(bytes: Uint8Array): Promise<void>;

  /**
   * Puts bytes in the place of all that was written. When it fails, that must still be there.
   *
   * @param bytes The callee's.
   */
  replace(bytes: Uint8Array): Promise<void>;
}

/** What a session knows of its path when it sends a packet. */
export interface SessionState {
  /** Where its other end is. */
  readonly remoteAddr: Address;
  /** Whether the packet goes into a byte stream, not through a datagram socket. */
  readonly isOverStream: boolean;
  /** The smoothed round trip, ms. */
  readonly rtt: number;
  /** What the congestion controller lets be in flight, packets; missing without a multiplex. */
  readonly window?: number;
}

/** What a datagram socket tells its owner. Called synchronously, one call at a time. */
export interface DatagramHandler {
  /**
   * A datagram has come. `datagram` is lent until the call returns, and may be written to in the
   * meantime (it is decrypted in place).
   */
  onDatagram(datagram: Uint8Array, from: Address): void;

  /**
   * Something went wrong that does not end the socket by itself: an ICMP answer, a full buffer. It
   * may be forged, so it is a hint and no more.
   */
  onError(error: unknown): void;
}

/** A bound UDP socket. */
export interface DatagramSocket {
  /** Where it is bound, with the real port. */
  readonly addr: Address;

  /**
   * Sends a datagram, now or never.
   *
   * @param datagram Lent until the call returns.
   * @returns `false` when it was dropped here: too much is waiting, it is too long, or the socket
   * is closed. Never throws.
   */
  send(datagram: Uint8Array, to: Address): boolean;

  /** Closes the socket; doing so twice is harmless. No handler is called afterwards. */
  close(): void;

  /**
   * Settles when its port is free again, some time after {@linkcode close}. Missing where it is as soon
   * as the call returns.
   */
  readonly closed?: Promise<void>;
}

/** Settings of {@linkcode Host.connectStream}. */
export interface ConnectStreamOptions {
  /** Ends the wait. A stream that is connected it leaves alone. */
  readonly signal?: AbortSignal;
}

/** Settings of {@linkcode Host.listenStream}. */
export interface ListenStreamOptions {
  /**
   * Who begins with a TLS hello is answered by TLS, with this; everybody else is handed on as they
   * are. Without it nobody's bytes are looked at. It is the user's own: none is ever made up.
   */
  readonly tls?: TlsIdentity;
}

/** A certificate and its key, as TLS servers have them. */
export interface TlsIdentity {
  /** PEM text: the server's certificate first, and those that lead to its root behind it. */
  readonly certificate: string;
  /** PEM text of the private key, without a passphrase. */
  readonly key: string;
}

/** Settings of {@linkcode Host.secureStream}. */
export interface SecureStreamOptions {
  /** The name that is asked for in clear (SNI). None is sent by default, and none is made up. */
  readonly serverName?: string;
  /** Ends the wait. A stream that is open it leaves alone. */
  readonly signal?: AbortSignal;
}

/** What a stream listener tells its owner. Called synchronously, one call at a time. */
export interface StreamHandler {
  /** Somebody has connected. The stream is the callee's, who must close it. */
  onStream(stream: StreamSocket): void;
}

/** A socket that listens for byte streams. */
export interface StreamListener {
  /** Where it is bound, with the real port. */
  readonly addr: Address;

  /** Closes it; doing so twice is harmless. Streams that it made stay open. */
  close(): void;
}

/** A byte stream in both directions, whatever it is made of. */
export interface ByteStream {
  /**
   * What comes, in order. Ends where the other end has closed its writing half; fails with the
   * {@linkcode SosistabError} `reset` or `connection-lost`. Cancelling it reads on and throws away.
   */
  readonly readable: ReadableStream<Uint8Array>;

  /**
   * What goes out. A write settles when there is room for more; until then its bytes are the
   * stream's. Closing it closes this half alone, after all that was written; aborting it cuts the
   * connection, at once.
   */
  readonly writable: WritableStream<Uint8Array>;

  /**
   * Closes both halves; doing so twice is harmless. What was written still goes out; nothing is read
   * any more.
   */
  close(): void;
}

/** A connected byte stream between two sockets. */
export interface StreamSocket extends ByteStream {
  /** This end. */
  readonly localAddr: Address;
  /** The other end. */
  readonly remoteAddr: Address;
  /** True of a stream inside of TLS. */
  readonly isSecure?: boolean;
}

/** A Curve25519 key pair, 32 bytes each. */
export interface KeyPair {
  /** The secret half. */
  readonly secretKey: Uint8Array;
  /** The public half. */
  readonly publicKey: Uint8Array;
}

/** The X25519 function of RFC 7748. */
export interface X25519 {
  /** Draws a fresh key pair. */
  generate(): KeyPair;

  /**
   * Computes the shared secret of a secret key and somebody's public key.
   *
   * @returns 32 bytes, or `undefined` when the public key is a point of low order (the result would
   * be all zeros).
   */
  shared(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
}

/** Seals and opens the packets of a session under one key: ChaCha20-Poly1305, the nonce behind. */
export interface PacketCipher {
  /**
   * Seals a packet in place.
   *
   * @param packet Holds the plaintext in its first `length` bytes, and has room for 28 more.
   * @param nonce 12 bytes that this key has never seen.
   * @returns The length of the sealed packet: 28 more than the plaintext's.
   */
  seal(packet: Uint8Array, length: number, nonce: Uint8Array): number;

  /**
   * Opens a packet in place. A packet that does not open is left as it was.
   *
   * @returns The plaintext, a view on the packet, or `undefined` when it was not sealed under this
   * key.
   */
  open(packet: Uint8Array): Uint8Array | undefined;

  /** Overwrites the key, where that can be done; nothing is sealed or opened any more. */
  wipe?(): void;
}
