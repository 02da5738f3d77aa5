/**
 * Tells the server where the client's socket is, when that may be in doubt.
 *
 * A resume is sent at the start; and when something is being sent although nothing has been heard
 * for two round trips, since then the path may have changed under us. While the silence lasts the
 * next ones wait 0.25, 0.5, 1, 2 and then 4 seconds, give or take a tenth. (The original puts one
 * before each packet once it has been silent for a second: a kilobyte a packet into a dead link, and
 * a metronome while the link is alive.) A client that only listens sends one now and then, so that
 * the server does not take it for gone.
 *
 * @module
 */
import { clientToServerKey, CookieCiphers } from "../crypto/cookie.ts";
import type { Random } from "../random.ts";
import { MOST_HELLO_SENT, sealHelloPacket } from "./hello_packet.ts";

// Tuning.

/** Silence that puts the path in doubt: round trips, and ms at the least. */
const DOUBT_RTTS = 2;
const LEAST_DOUBT = 250;

/** Wait between two resumes while the silence lasts, ms: the first, and the longest. */
const FIRST_WAIT = 250;
const MOST_WAIT = 4_000;

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
}

/** The resumes of one socket. Times in ms, except `epochSeconds`. */
export class Resumer {
  readonly #options: ResumerOptions;
  readonly #toServer: CookieCiphers;
  #isDue = true;
  #wait = FIRST_WAIT;
  #notBefore = -Infinity;
  #heardAt = -Infinity;
  #silentSince = Infinity;
  #sentAt: number;

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

  /** A packet is about to be sent. */
  onSent(smoothedRtt: number, now: number): void {
    this.#sentAt = now;
    if (this.#silentSince === Infinity) this.#silentSince = now;
    const doubt = Math.max(LEAST_DOUBT, DOUBT_RTTS * smoothedRtt);
    if (now - this.#silentSince >= doubt || this.#heardAt === -Infinity) this.#isDue = true;
  }

  /** An authentic packet has come. */
  onHeard(now: number): void {
    this.#heardAt = now;
    this.#silentSince = Infinity;
    this.#wait = FIRST_WAIT;
    // The path was good just now: if it changes the next moment, that must not wait for an old doubt.
    this.#notBefore = -Infinity;
    this.#isDue = now - this.#sentAt >= LISTENER_INTERVAL;
  }

  /** Writes a resume, if one is due; returns its length, 0: none. */
  pollTransmit(into: Uint8Array, now: number, epochSeconds: number): number {
    if (!this.#isDue || now < this.#notBefore) return 0;
    const { resumeToken, shardId, random } = this.#options;
    this.#isDue = false;
    this.#sentAt = now;
    this.#notBefore = now + this.#wait * (1 + JITTER * (2 * random.fraction() - 1));
    this.#wait = Math.min(MOST_WAIT, this.#wait * 2);
    const cipher = this.#toServer.at(Math.floor(epochSeconds / 60));
    const frame = { kind: "clientResume", resumeToken, shardId } as const;
    return sealHelloPacket(frame, cipher, random, into, 0, MOST_HELLO_SENT);
  }
}
