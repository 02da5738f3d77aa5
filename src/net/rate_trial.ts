/**
 * Compares two carriers by letting one of them take over for a moment.
 *
 * Nothing is lost in a move, so the honest way to learn what a carrier can do is to use it. It lasts
 * as long as a transfer needs to find its rate; and it ends early when the rate is clearly less.
 *
 * TCP is judged by the best third until it stands still for the first time: one connection that looks for
 * its rate overshoots, where the several that follow will not; and what it brings after it has stood still
 * is what waited. UDP is judged by the second half: whoever holds it back lets the beginning pass.
 *
 * @module
 */
import type { RateMeter } from "./rate_meter.ts";

// Tuning.

/** How long a trial lasts: round trips, and ms at the least and at the most; TCP may win in half of it. */
const TRIAL_RTTS = 8;
const LEAST_TRIAL = 1_000;
const MOST_TRIAL = 2_500;

/** What is below this part, in the second half, is clearly less; and what counts for that, ms. */
const CLEARLY_LESS = 1 / 2;
const EARLY_SPAN = 250;

/** So much faster must TCP be to take over: a move costs a round trip, and TCP waits for lost packets. */
export const TCP_FACTOR = 1.5;

/** The part of its time that counts; what is below so much of the best one is a standstill. */
const BEST_PART = 0.3;
const STANDSTILL = 1 / 2;

/** UDP may bring somewhat less than TCP: over it nothing waits behind a lost packet. */
const UDP_FACTOR = 0.8;

/** What came of a trial. */
export type TrialVerdict = "running" | "won" | "lost";

/** A trial. Rates in Mbit/s, times in ms. */
export class RateTrial {
  /** What the other carrier brought. */
  readonly rateBefore: number;
  readonly #isUdp: boolean;
  readonly #startedAt: number;
  readonly #time: number;
  #best = 0;
  #hasStoodStill = false;

  /** @param isUdp Whether UDP is on trial, and not TCP. */
  constructor(isUdp: boolean, rateBefore: number, rtt: number, now: number) {
    this.rateBefore = rateBefore;
    this.#isUdp = isUdp;
    this.#startedAt = now;
    this.#time = Math.min(MOST_TRIAL, Math.max(LEAST_TRIAL, TRIAL_RTTS * rtt));
  }

  /** The verdict as far as there is one. */
  judge(meter: RateMeter, now: number): TrialVerdict {
    const age = now - this.#startedAt;
    this.#noteBest(meter, age, now);
    if (age < this.#time / 2) return "running";
    if (!this.#isUdp && this.#best >= TCP_FACTOR * this.rateBefore) return "won";
    if (age >= this.#time) {
      const secondHalf = meter.rateSince(now - this.#time / 2) ?? 0;
      return this.#isUdp && secondHalf >= UDP_FACTOR * this.rateBefore ? "won" : "lost";
    }
    const latest = meter.rateSince(now - EARLY_SPAN);
    const isLess = latest !== undefined && latest < CLEARLY_LESS * this.rateBefore;
    return isLess ? "lost" : "running";
  }

  #noteBest(meter: RateMeter, age: number, now: number): void {
    const part = BEST_PART * this.#time;
    if (this.#hasStoodStill || age < part) return;
    const rate = meter.rateSince(now - part) ?? 0;
    if (rate < STANDSTILL * this.#best) this.#hasStoodStill = true;
    else this.#best = Math.max(this.#best, rate);
  }
}
