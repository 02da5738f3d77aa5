/**
 * The client's half of the handshake: asks until it is answered.
 *
 * Hellos leave at 0, 0.25 and 0.5 s, then every 0.39 s, and after half a minute every 1.7 s; each a
 * fresh packet with the same keys, so an answer to any of them is good however late it comes. Nothing
 * but an answer stops it: garbage, answers under other keys and low-order points are dropped.
 * An answer can be forged by whoever knows the server's public key and reads along, so those that
 * follow it are taken as well: which of them is true shows the session that it leads to.
 *
 * A server whose clock shows another time is as silent as one that is not there. So small hellos for
 * other times (`clock_walk.ts`) go between the others once these have been unanswered for a while;
 * and whoever is answered learns how far his own clock is from the server's.
 *
 * @module
 */
import {
  clientToServerKey,
  CookieCiphers,
  MINUTE_ORDER,
  minutesAround,
  type OpenedCookie,
  serverToClientKey,
} from "../crypto/cookie.ts";
import { type OwnKeys, tripleDiffieHellman } from "../crypto/keys.ts";
import { equalBytes } from "../bytes.ts";
import type { X25519 } from "../host.ts";
import type { Random } from "../random.ts";
import type { Extension } from "../wire/extension.ts";
import { decodeHandshakeFrame, WIRE_VERSION } from "../wire/hello.ts";
import { ClockWalk, MOST_ANSWER_MINUTES } from "./clock_walk.ts";
import { LEAST_HELLO, MOST_HELLO, MOST_HELLO_SENT, sealHelloPacket } from "./hello_packet.ts";
import type { ServerClock } from "./server_clock.ts";

// Protocol constants.

/**
 * Longest resume token that is taken. It is sent back with every resume, which must fit a packet.
 */
const MOST_TOKEN = 987;

/** Shortest answer: one with an empty token. */
const LEAST_ANSWER = 100;

// Tuning.

/**
 * When hellos leave, ms after the first: the original waits 1, 2, 4, 8, 10 s, so at 30 % loss one
 * connection in a thousand takes over a minute; with these 2 in a thousand are open after 4 s.
 */
const FIRST_INTERVALS = [250, 250];

/**
 * The later ones, ms. They also are what asks for a session that has fallen silent: data shall flow
 * again half a second and a round trip after the path has come back: a late hello, its answer, and the
 * question that follows it.
 */
const INTERVAL = 390;

/**
 * After so long, ms, they leave seldom, every so many ms: the server may be gone for a day. Then data
 * shall flow again after two seconds.
 */
const SELDOM_AFTER = 30_000;
const SELDOM_INTERVAL = 1_700;

/** Share by which an interval may differ: a metronome is a fingerprint. */
const JITTER = 0.1;

/**
 * How long the ordinary hellos are unanswered before those for other clocks begin, ms. Five have gone
 * by then, and are lost together once in 4,000 times at 10 % loss each way. Where the server's clock
 * is known already it is more likely that the server or the network is down.
 */
const WALK_DELAY = 2_000;
const KNOWN_WALK_DELAY = 30_000;

/**
 * Answers that are taken for each hello that has left: a server gives one, somebody else may race it
 * with his own, and each costs a key agreement: a few ms for all of them.
 */
const MOST_ANSWERS_PER_HELLO = 32;

/** Minutes of ordinary hellos whose answers are looked for: two estimates, and both a minute ago. */
const MOST_MINUTES = 4;

/** Longest hello for other clocks: they are many, and need no more than what is answered. */
const MOST_WALK_HELLO = 300;

/** Longest answer to one of them: ours is no longer than its hello, the original's has 1,033 bytes. */
const MOST_WALK_ANSWER = 1_200;

/** Settings of a handshake. */
export interface InitiatorOptions {
  /** The server's long-term public key, 32 bytes. */
  readonly serverKey: Uint8Array;
  readonly x25519: X25519;
  readonly random: Random;
  /** When to give up, ms on the caller's clock. */
  readonly giveUpAt: number;
  /** The server's wall clock, where an earlier handshake has shown it; otherwise it is ours. */
  readonly clock?: ServerClock;
  /** Its keys; fresh ones by default. With those of an earlier handshake late answers to it are good, too. */
  readonly keys?: OwnKeys;
  /** Whether no answer before has led to this secret; by default none has. */
  readonly isFirst?: (secret: Uint8Array) => boolean;
  /** Longest ordinary hello, bytes, at least 180; 1,200 by default. */
  readonly mostHello?: number;
}

/** What a handshake leads to. */
export type InitiatorEvent =
  | {
    readonly kind: "established";
    readonly secret: Uint8Array;
    readonly resumeToken: Uint8Array;
    /** What the server has said about itself, if it is of our own kind. */
    readonly extension: Extension | undefined;
    /**
     * How far the server's wall clock is ahead of our own, seconds, to within half a minute; 0 when
     * both show the same minute.
     */
    readonly clockOffset: number;
  }
  | { readonly kind: "failed" };

/** Draws a client's keys. It has no identity: its long-term pair lives no longer than the other one. */
export function generateOwnKeys(x25519: X25519): OwnKeys {
  return { long: x25519.generate(), ephemeral: x25519.generate() };
}

/** One handshake. Times in ms, except `epochSeconds`. */
export class Initiator {
  readonly #options: InitiatorOptions;
  readonly #keys: OwnKeys;
  readonly #toServer: CookieCiphers;
  readonly #toClient: CookieCiphers;
  readonly #walk: ClockWalk;
  readonly #startedAt: number;
  /** Those of the last ordinary hellos, the latest first; and those that answers to them may have. */
  #minutes: readonly number[] = [];
  #answerMinutes: ReadonlySet<number> = new Set();
  #ordinary = 0;
  #isForOtherClock = false;
  #nextHelloAt: number;
  #hellos = 0;
  #answers = 0;
  #ignored = 0;
  /** Whether it asks no more. */
  #isDone = false;
  #hasFailed = false;
  #event: InitiatorEvent | undefined;

  constructor(options: InitiatorOptions, now: number) {
    const { serverKey, x25519 } = options;
    this.#options = options;
    this.#keys = options.keys ?? generateOwnKeys(x25519);
    this.#toServer = new CookieCiphers((minute) => clientToServerKey(serverKey, minute));
    this.#toClient = new CookieCiphers(
      (minute) => serverToClientKey(serverKey, minute),
      MINUTE_ORDER.length * MOST_MINUTES + MOST_ANSWER_MINUTES,
    );
    const walkDelay = options.clock === undefined ? WALK_DELAY : KNOWN_WALK_DELAY;
    this.#walk = new ClockWalk(options.random, now + walkDelay);
    this.#startedAt = now;
    this.#nextHelloAt = now;
  }

  /** Hellos sent so far. */
  get hellos(): number {
    return this.#hellos;
  }

  /**
   * Whether the hello that was written last is for another clock than the server is thought to have.
   * Over a stream such a one is in vain: the server has already shown that it shares our minute.
   */
  get isForOtherClock(): boolean {
    return this.#isForOtherClock;
  }

  /** Packets that were no answer. */
  get ignored(): number {
    return this.#ignored;
  }

  /** When {@linkcode pollTransmit} or {@linkcode handleTimeout} has something to do. */
  get deadline(): number {
    if (this.#isDone) return Infinity;
    return Math.min(this.#nextHelloAt, this.#walk.nextAt, this.#options.giveUpAt);
  }

  /** The next hello is due now: there is another way to send it. */
  hurry(now: number): void {
    this.#nextHelloAt = Math.min(this.#nextHelloAt, now);
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    if (this.#isDone || now < this.#options.giveUpAt) return;
    this.#isDone = this.#hasFailed = true;
    this.#event = { kind: "failed" };
  }

  /**
   * Writes the next hello; returns its length, 0: not now.
   *
   * @param epochSeconds Our own wall clock.
   */
  pollTransmit(into: Uint8Array, now: number, epochSeconds: number): number {
    if (this.#isDone) return 0;
    const { random, clock, mostHello = MOST_HELLO_SENT } = this.#options;
    const estimates = clock?.estimates(epochSeconds, now) ?? [epochSeconds] as const;
    this.#isForOtherClock = now < this.#nextHelloAt;
    if (this.#isForOtherClock) {
      const minute = this.#walk.pollMinute(Math.floor(estimates[0] / 60), now);
      return minute === undefined ? 0 : this.#seal(minute, into, MOST_WALK_HELLO);
    }
    const isSeldom = now - this.#startedAt >= SELDOM_AFTER;
    const interval = isSeldom ? SELDOM_INTERVAL : FIRST_INTERVALS[this.#ordinary] ?? INTERVAL;
    this.#nextHelloAt = now + interval * (1 + JITTER * (2 * random.fraction() - 1));
    const estimate = estimates[this.#ordinary++ % estimates.length] ?? epochSeconds;
    const minute = Math.floor(estimate / 60);
    this.#expectAnswer(minute);
    return this.#seal(minute, into, mostHello);
  }

  /**
   * A packet has come; it is opened in place.
   *
   * @param epochSeconds Our own wall clock.
   */
  handleDatagram(datagram: Uint8Array, epochSeconds: number): void {
    if (this.#hasFailed || !this.#accept(datagram, epochSeconds)) this.#ignored++;
  }

  /** The outcome: failure once, or each answer. */
  pollEvent(): InitiatorEvent | undefined {
    const event = this.#event;
    this.#event = undefined;
    return event;
  }

  #seal(minute: number, into: Uint8Array, most: number): number {
    this.#hellos++;
    const { long, ephemeral } = this.#keys;
    const frame = {
      kind: "clientHello",
      longPublicKey: long.publicKey,
      ephemeralPublicKey: ephemeral.publicKey,
      version: WIRE_VERSION,
    } as const;
    const cipher = this.#toServer.at(minute);
    return sealHelloPacket(frame, cipher, this.#options.random, into, LEAST_HELLO, most);
  }

  /** A server answers under its own minute, within two of the one that it took the hello of. */
  #expectAnswer(minute: number): void {
    if (this.#minutes.includes(minute)) return;
    this.#minutes = [minute, ...this.#minutes].slice(0, MOST_MINUTES);
    this.#answerMinutes = new Set(this.#minutes.flatMap((each) => minutesAround(each)));
  }

  #accept(datagram: Uint8Array, epochSeconds: number): boolean {
    if (datagram.length < LEAST_ANSWER || datagram.length > MOST_HELLO) return false;
    const opened = this.#toClient.openUnder(datagram, this.#answerMinutes) ??
      this.#openFromElsewhen(datagram);
    const frame = opened === undefined ? undefined : decodeHandshakeFrame(opened.plaintext);
    if (opened === undefined || frame?.kind !== "serverHello") return false;
    if (!equalBytes(frame.longPublicKey, this.#options.serverKey)) return false;
    if (frame.resumeToken.length > MOST_TOKEN) return false;
    if (this.#answers >= MOST_ANSWERS_PER_HELLO * this.#hellos) return false;
    this.#answers++;
    const secret = tripleDiffieHellman(this.#options.x25519, this.#keys, frame);
    if (secret === undefined || this.#options.isFirst?.(secret) === false) return false;
    const resumeToken = frame.resumeToken.slice();
    // Two minutes off is still taken, but after a little drift it would not be.
    const isSame = opened.minute === Math.floor(epochSeconds / 60);
    const clockOffset = isSame ? 0 : opened.minute * 60 + 30 - epochSeconds;
    this.#isDone = true;
    const { extension } = frame;
    this.#event = { kind: "established", secret, resumeToken, extension, clockOffset };
    return true;
  }

  /** Opens an answer to a hello that was meant for another clock. */
  #openFromElsewhen(datagram: Uint8Array): OpenedCookie | undefined {
    if (datagram.length > MOST_WALK_ANSWER) return undefined;
    const minutes = this.#walk.takeAnswerMinutes();
    return minutes && this.#toClient.openUnder(datagram, minutes);
  }
}
