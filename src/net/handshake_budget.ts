/**
 * What strangers may cost: a share of the processor, by the host's clock.
 *
 * Everything that is done for a datagram of no session is measured and paid from a credit, which
 * grows with time and never beyond a moment's worth. Sessions pay nothing and never wait for more than that
 * moment. What cannot be paid is not even looked at, since looking costs, too:
 *
 *     credit      | whose datagrams are opened
 *     ------------+---------------------------------------------------------------------------
 *     above half  | everybody's
 *     above none  | of sources that were refused a moment ago, and have come again as clients do,
 *                 | but were not opened too often of late (`source_rates.ts`)
 *     in debt     | of those who have shown a token, come over a stream, or were answered a
 *                 | moment ago; and not too often either
 *     none at all | nobody's
 *
 * So a flood from a few addresses takes nothing from others; and in one from everywhere a client is
 * refused once, needs some luck with its next hellos, and not again with what follows.
 *
 * @module
 */
import { SourceRates } from "./source_rates.ts";

// Tuning.

/** The moment, ms: what a live session may have to wait for strangers. */
const MOST_CREDIT = 20;

/** Below it a source may not have more than its rate. */
const AMPLE_CREDIT = MOST_CREDIT / 2;

/** How far those may overdraw it who are further on, ms; hellos alone never do by so much. */
const MOST_DEBT = 10;

/**
 * The most that one datagram is charged, ms: X25519 in plain JavaScript takes 8. More was spent by
 * another process, or on collecting garbage.
 */
const MOST_CHARGE = 10;

/**
 * No debt is greater, ms: who was asked for leave before never makes more. Whoever says noise over
 * streams is looked at without, and else could have strangers shut out for long after he has gone.
 */
const DEEPEST_DEBT = MOST_DEBT + MOST_CHARGE;

/** Why a datagram of a stranger is not looked at. */
export type Refusal = "share" | "source";

/** The budget of one listener. Times in ms. */
export class HandshakeBudget {
  readonly #share: number;
  readonly #sources: SourceRates;
  #credit = MOST_CREDIT;
  #countedAt = -Infinity;

  /**
   * @param share The processor's share that strangers may take, up to 1, which is no limit.
   * @param secretKey The server's.
   */
  constructor(share: number, secretKey: Uint8Array) {
    this.#share = share;
    this.#sources = new SourceRates(secretKey);
  }

  /**
   * Whether a stranger's datagram may be looked at.
   *
   * @param isThere Whether the source is known to be there: it has shown a token, or has come over a stream.
   * @returns `undefined`, or why not.
   */
  refusal(hostname: string, isThere: boolean, now: number): Refusal | undefined {
    this.#count(now);
    if (this.#credit >= AMPLE_CREDIT) return undefined;
    if (this.#credit <= -MOST_DEBT) return "share";
    if (this.#sources.isExhausted(hostname, now)) return "source";
    if (isThere || this.#sources.wasAnswered(hostname, now)) return undefined;
    if (this.#credit > 0 && this.#sources.hasComeAgain(hostname, now)) return undefined;
    this.#sources.onRefused(hostname, now);
    return "share";
  }

  /** Whether a hello may be answered that was looked at; one over a stream is as good as a token. */
  canAnswer(isOverStream: boolean): boolean {
    return this.#credit > (isOverStream ? -MOST_DEBT : 0);
  }

  /** A hello of a source was answered. */
  onAnswered(hostname: string, now: number): void {
    this.#sources.onAnswered(hostname, now);
  }

  /** A stranger's datagram was looked at, from one instant to another. */
  onServed(hostname: string, from: number, until: number): void {
    this.#sources.onServed(hostname, until);
    const charge = Math.min(until - from, MOST_CHARGE);
    this.#credit = Math.max(-DEEPEST_DEBT, this.#credit - charge);
  }

  #count(now: number): void {
    const earned = (now - this.#countedAt) * this.#share;
    this.#credit = Math.min(MOST_CREDIT, this.#credit + earned);
    this.#countedAt = now;
  }
}
