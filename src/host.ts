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
   * @returns Rejects with the {@linkcode SosistabError} `reset` when it was refused, `no-answer` when
   * nobody is there, or `socket-failed`.
   */
  connectStream?(address: Address): Promise<StreamSocket>;

  /**
   * Listens for byte streams. Missing where there are none.
   *
   * @param address Where to listen: an IP literal, and a port or 0 for any.
   * @returns Rejects with the {@linkcode SosistabError} `address-in-use`, `permission-denied` or
   * `socket-failed`.
   */
  listenStream?(address: Address, handler: StreamHandler): Promise<StreamListener>;

  /** A faster X25519 than the portable one, where the platform has it. */
  readonly x25519?: X25519;

  /**
   * Makes another implementation of the session packets' cipher, which must do exactly what the
   * portable one does: a faster one, where the platform has it. Whatever stands here is all that
   * protects the packets; only a simulated host may give one that does not.
   *
   * @param key 32 bytes, borrowed until the call returns.
   */
  createCipher?(key: Uint8Array): PacketCipher;

  /**
   * Told the state of a session just before each of its packets is sealed, for logs. Where it is
   * missing nothing is spent on it.
   */
  onSessionState?(state: SessionState): void;
}

/** What a session knows of its path when it sends a packet. */
export interface SessionState {
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

/** A connected byte stream. */
export interface StreamSocket {
  /** This end. */
  readonly localAddr: Address;
  /** The other end. */
  readonly remoteAddr: Address;

  /**
   * What comes, in order. Ends where the other end has closed its writing half; fails with the
   * {@linkcode SosistabError} `reset` or `connection-lost`.
   */
  readonly readable: ReadableStream<Uint8Array>;

  /**
   * What goes out. A write settles when there is room for more. Closing it closes this half alone,
   * after all that was written; aborting it cuts the connection.
   */
  readonly writable: WritableStream<Uint8Array>;

  /**
   * Closes both halves; doing so twice is harmless. What was written still goes out; nothing is read
   * any more.
   */
  close(): void;
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
}
