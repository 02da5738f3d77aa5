/**
 * Tells the server where the client's socket is, when that may be in doubt.
 *
 * A resume is sent at the start; and when nothing has been heard since something was sent, for longer
 * than an answer takes, since then the path may have changed under us. For a question that is found
 * out by the clock, for what nobody has to answer with the next packet. While the silence lasts the
 * next ones wait 0.25, 0.5, 1 and then 2 seconds, give or take a tenth; and after a question 4 and 8,
 * since by then hellos look for the server, and whoever has found it does not wait. (The original puts
 * one before each packet once it has been silent for a second: a kilobyte a packet into a dead link,
 * and a metronome while the link is alive.) A client that only listens sends one now and then, so that
 * the server does not take it for gone.
 *
 * A server is silent to a resume under another minute than its own, so when there is doubt about what
 * its clock shows each resume of one silence is sealed under another estimate than the one before.
 *
 * @module
 */
import { clientToServerKey, CookieCiphers } from "../crypto/cookie.ts";
import type { Random } from "../random.ts";
import { MOST_HELLO_SENT, sealHelloPacket } from "./hello_packet.ts";
import type { ServerClock } from "./server_clock.ts";

// Tuning.

/**
 * How much later than a round trip an answer may come before the path is in doubt: mean deviations of
 * the round trip, as in RFC 6298, and ms at the least, for the other end's delays. A doubt too many
 * costs one packet.
 */
const LATE_DEVIATIONS = 4;
const LEAST_LATE = 20;

/**
 * Shortest resume of a client that has been heard before, bytes: a server of our own kind sends three
 * times as much to a new address before it is proved, and that shall do for a packet of data and the
 * questions beside it. (With less a stream whose client roams waits for another round trip.)
 */
const LEAST_RESUME = 600;

/** Silence that is a doubt when nobody has to answer: round trips, and ms at the least. */
const SILENT_RTTS = 2;
const LEAST_SILENT = 250;

/** Wait between two resumes while the silence lasts, ms: the first, and the longest of either kind. */
const FIRST_WAIT = 250;
const MOST_WAIT = 2_000;
const MOST_WAIT_ASKED = 8_000;

/** The same whatever was heard between them, ms: a path that flaps need not be followed faster. */
const LEAST_WAIT = 225;

/** Share by which a wait may differ. */
const JITTER = 0.1;

/** A client that has sent nothing for so long, but hears, shows itself, ms: a third of the idle time. */
const LISTENER_INTERVAL = 200_000;

/** Settings of a resumer. */
export interface ResumerOptions {
  /** The server's long-term public key, 32 bytes. */
  readonly serverKey: Uint8Array;
  readonly resumeToken: Uint8Array;
  /** Which of the client's sockets this is, 0 to 255. */
  readonly shardId: number;
  readonly random: Random;
  /**
   * How often a socket that is used shows itself although nothing is wrong, ms; by default never. A
   * server of the original sends nothing to one that has not for 10 s, as long as there are others.
   */
  readonly interval?: number;
  /** The server's wall clock; without it our own is taken to show the same. */
  readonly clock?: ServerClock;
}

/** How long an answer takes, ms. */
export interface RoundTrip {
  readonly smoothed: number;
  /** The mean deviation from it. */
  readonly variance: number;
}

/** The resumes of one socket. Times in ms, except `epochSeconds`. */
export class Resumer {
  readonly #options: ResumerOptions;
  readonly #toServer: CookieCiphers;
  #isDue = true;
  #wait = FIRST_WAIT;
  #notBefore = -Infinity;
  #heardAt = -Infinity;
  /** When the first packet since then has left, and when the first question; Infinity: none. */
  #silentSince = Infinity;
  #askedAt = Infinity;
  /** How long the answer to a question may take. */
  #answerTime = LEAST_LATE;
  #sentAt: number;
  #resumedAt = -Infinity;
  /** Since something was heard. */
  #resumes = 0;

  constructor(options: ResumerOptions, now: number) {
    this.#options = options;
    this.#toServer = new CookieCiphers((minute) => clientToServerKey(options.serverKey, minute));
    this.#sentAt = now;
  }

  /** Asks for a resume at once: the program knows that the network has changed. */
  refresh(): void {
    this.#isDue = true;
    this.#wait = FIRST_WAIT;
    this.#notBefore = -Infinity;
  }

  /** When {@linkcode pollTransmit} has something to do by the passing of time alone. */
  get deadline(): number {
    return Math.max(this.#askedAt + this.#answerTime, this.#notBefore);
  }

  /** A packet is about to be sent; `isQuestion`: the other side answers it at once. */
  onSent(rtt: RoundTrip, isQuestion: boolean, now: number): void {
    this.#sentAt = now;
    this.#answerTime = rtt.smoothed + Math.max(LEAST_LATE, LATE_DEVIATIONS * rtt.variance);
    if (this.#silentSince === Infinity) this.#silentSince = now;
    if (isQuestion && this.#askedAt === Infinity) this.#askedAt = now;
    const mostSilent = Math.max(LEAST_SILENT, SILENT_RTTS * rtt.smoothed);
    if (now - this.#silentSince >= mostSilent || this.#heardAt === -Infinity) this.#isDue = true;
    const { interval = Infinity } = this.#options;
    if (now - this.#resumedAt >= interval) this.#isDue = true;
  }

  /** An authentic packet has come. */
  onHeard(now: number): void {
    this.#heardAt = now;
    this.#silentSince = this.#askedAt = Infinity;
    this.#wait = FIRST_WAIT;
    this.#resumes = 0;
    // The path was good just now: if it changes the next moment, that must not wait for an old doubt.
    this.#notBefore = this.#resumedAt + LEAST_WAIT;
    this.#isDue = now - this.#sentAt >= LISTENER_INTERVAL;
  }

  /**
   * Writes a resume, if one is due; returns its length, 0: none.
   *
   * @param epochSeconds Our own wall clock.
   */
  pollTransmit(into: Uint8Array, now: number, epochSeconds: number): number {
    if (now >= this.deadline) this.#isDue = true;
    if (!this.#isDue || now < this.#notBefore) return 0;
    const { resumeToken, shardId, random } = this.#options;
    this.#isDue = false;
    this.#sentAt = this.#resumedAt = now;
    this.#notBefore = now + this.#wait * (1 + JITTER * (2 * random.fraction() - 1));
    const mostWait = this.#askedAt === Infinity ? MOST_WAIT : MOST_WAIT_ASKED;
    this.#wait = Math.min(mostWait, this.#wait * 2);
    const cipher = this.#toServer.at(Math.floor(this.#estimate(epochSeconds, now) / 60));
    const frame = { kind: "clientResume", resumeToken, shardId } as const;
    const least = this.#heardAt === -Infinity ? 0 : LEAST_RESUME;
    return sealHelloPacket(frame, cipher, random, into, least, MOST_HELLO_SENT);
  }

  #estimate(epochSeconds: number, now: number): number {
    const { clock } = this.#options;
    if (clock === undefined) return epochSeconds;
    const estimates = clock.estimates(epochSeconds, now);
    return estimates[this.#resumes++ % estimates.length] ?? epochSeconds;
  }
}
