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

  /** A faster X25519 than the portable one, where the platform has it. */
  readonly x25519?: X25519;
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
