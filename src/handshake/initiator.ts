/**
 * The client's half of the handshake: asks until it is answered.
 *
 * Hellos leave at 0, 0.25 and 0.5 s and then every half second, each a fresh packet with the same
 * keys, so an answer to any of them is good however late it comes. Nothing but a true answer stops
 * it: garbage, answers under other keys and low-order points are dropped.
 *
 * @module
 */
import { clientToServerKey, CookieCiphers, serverToClientKey } from "../crypto/cookie.ts";
import { type OwnKeys, tripleDiffieHellman } from "../crypto/keys.ts";
import { equalBytes } from "../bytes.ts";
import type { X25519 } from "../host.ts";
import type { Random } from "../random.ts";
import { decodeHandshakeFrame } from "../wire/hello.ts";
import {
  LEAST_HELLO,
  MOST_HELLO,
  MOST_HELLO_SENT,
  sealHelloPacket,
  WIRE_VERSION,
} from "./hello_packet.ts";

// Protocol constants.

/**
 * Longest resume token that is taken. It is sent back with every resume, which must fit a packet.
 */
const MOST_TOKEN = 987;

// Tuning.

/**
 * When hellos leave, ms after the first: the original waits 1, 2, 4, 8, 10 s, so at 30 % loss one
 * connection in a thousand takes over a minute; with these 2 in a thousand are open after 4 s.
 */
const FIRST_INTERVALS = [250, 250];
const INTERVAL = 500;

/** Share by which an interval may differ: a metronome is a fingerprint. */
const JITTER = 0.1;

/** Settings of a handshake. */
export interface InitiatorOptions {
  /** The server's long-term public key, 32 bytes. */
  readonly serverKey: Uint8Array;
  readonly x25519: X25519;
  readonly random: Random;
  /** When to give up, ms on the caller's clock. */
  readonly giveUpAt: number;
}

/** What a handshake leads to. */
export type InitiatorEvent =
  | { readonly kind: "established"; readonly secret: Uint8Array; readonly resumeToken: Uint8Array }
  | { readonly kind: "failed" };

/** One handshake. Times in ms, except `epochSeconds`. */
export class Initiator {
  readonly #options: InitiatorOptions;
  readonly #keys: OwnKeys;
  readonly #toServer: CookieCiphers;
  readonly #toClient: CookieCiphers;
  #nextHelloAt: number;
  #hellos = 0;
  #ignored = 0;
  #isDone = false;
  #event: InitiatorEvent | undefined;

  constructor(options: InitiatorOptions, now: number) {
    const { serverKey, x25519 } = options;
    this.#options = options;
    // A client has no identity: its long-term pair lives as long as the handshake.
    this.#keys = { long: x25519.generate(), ephemeral: x25519.generate() };
    this.#toServer = new CookieCiphers((minute) => clientToServerKey(serverKey, minute));
    this.#toClient = new CookieCiphers((minute) => serverToClientKey(serverKey, minute));
    this.#nextHelloAt = now;
  }

  /** Hellos sent so far. */
  get hellos(): number {
    return this.#hellos;
  }

  /** Packets that were no answer. */
  get ignored(): number {
    return this.#ignored;
  }

  /** When {@linkcode pollTransmit} or {@linkcode handleTimeout} has something to do. */
  get deadline(): number {
    return this.#isDone ? Infinity : Math.min(this.#nextHelloAt, this.#options.giveUpAt);
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    if (this.#isDone || now < this.#options.giveUpAt) return;
    this.#isDone = true;
    this.#event = { kind: "failed" };
  }

  /** Writes the next hello; returns its length, 0: not now. */
  pollTransmit(into: Uint8Array, now: number, epochSeconds: number): number {
    if (this.#isDone || now < this.#nextHelloAt) return 0;
    const { random } = this.#options;
    const interval = FIRST_INTERVALS[this.#hellos] ?? INTERVAL;
    this.#hellos++;
    this.#nextHelloAt = now + interval * (1 + JITTER * (2 * random.fraction() - 1));
    const cipher = this.#toServer.at(Math.floor(epochSeconds / 60));
    const { long, ephemeral } = this.#keys;
    const frame = {
      kind: "clientHello",
      longPublicKey: long.publicKey,
      ephemeralPublicKey: ephemeral.publicKey,
      version: WIRE_VERSION,
    } as const;
    return sealHelloPacket(frame, cipher, random, into, LEAST_HELLO, MOST_HELLO_SENT);
  }

  /** A packet has come; it is opened in place. */
  handleDatagram(datagram: Uint8Array, epochSeconds: number): void {
    if (this.#isDone || !this.#accept(datagram, epochSeconds)) this.#ignored++;
  }

  /** The outcome, once. */
  pollEvent(): InitiatorEvent | undefined {
    const event = this.#event;
    this.#event = undefined;
    return event;
  }

  #accept(datagram: Uint8Array, epochSeconds: number): boolean {
    if (datagram.length > MOST_HELLO) return false;
    const opened = this.#toClient.open(datagram, Math.floor(epochSeconds / 60));
    const frame = opened === undefined ? undefined : decodeHandshakeFrame(opened.plaintext);
    if (frame?.kind !== "serverHello") return false;
    if (!equalBytes(frame.longPublicKey, this.#options.serverKey)) return false;
    if (frame.resumeToken.length > MOST_TOKEN) return false;
    const secret = tripleDiffieHellman(this.#options.x25519, this.#keys, frame);
    if (secret === undefined) return false;
    this.#isDone = true;
    this.#event = { kind: "established", secret, resumeToken: frame.resumeToken.slice() };
    return true;
  }
}
