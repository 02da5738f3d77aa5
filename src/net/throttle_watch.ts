/**
 * Suspects that UDP is held back, where TCP may not be.
 *
 * Networks that dislike UDP do not always block it: they let a little of it pass. Who only looks for
 * silence never notices. What shows it is that far less arrives than a while ago, or little from the
 * start, or that much gets lost; and that the path is loaded nevertheless: packets wait or are dropped.
 * A program that has less to say loads no path.
 *
 * All of that may also be a slow or a bad path, on which TCP is no better. So a suspicion only leads to
 * a trial (`rate_trial.ts`), and each one in vain makes the next one later, unless things have become
 * much worse since.
 *
 * @module
 */
import { TCP_FACTOR } from "./rate_trial.ts";

// Tuning.

/** Less than this part of what was usual is a fall. */
const FALL = 1 / 2;

/** Loss at which TCP, which may have none, could bring enough more. */
const HEAVY_LOSS = 1 - 1 / TCP_FACTOR;

/** Loss, and waiting in round trips and ms, above which the path is loaded. */
const LOADED_LOSS = 0.05;
const LOADED_RTT = 1.25;
const LOADED_WAIT = 10;

/** Below so much, Mbit/s, throttling is common, and ways through this world are seldom so slow. */
const SLOW = 2.5;

/** Below so much nothing flows, Mbit/s: there is nothing to compare. */
export const LEAST_RATE = 0.02;

/** How long a fall must last, ms, and how long what has been there from the start. */
const FALL_TIME = 500;
const STANDING_TIME = 2_000;

/** How old the round trip may be where little arrives, ms; a question costs about a hundred bytes. */
const SLOW_PATIENCE = 1_000;

/** After so long the usual rate has faded to a third, ms: programs change. */
const MEMORY = 60_000;

/** Waits after trials in vain, ms: the first, its growth, and the longest. */
const FIRST_WAIT = 60_000;
const GROWTH = 3;
const MOST_WAIT = 600_000;

/** The wait where it has become much worse since the last trial, ms. */
const NEWS_WAIT = 10_000;

/** What is known of UDP now. Rates in Mbit/s, times in ms. */
export interface UdpState {
  readonly now: number;
  /** What has arrived in the last half second. */
  readonly rate: number;
  /** Of both directions the one that loses more, 0 to 1. */
  readonly loss: number;
  /** The latest round trip, and the least. */
  readonly rtt: number;
  readonly leastRtt: number;
}

/** Watches one session. */
export class ThrottleWatch {
  #usual = 0;
  #lookedAt = 0;
  #fallenSince = Infinity;
  #standingSince = Infinity;
  #wait = FIRST_WAIT;
  #triedAt = -Infinity;
  /** When things as they are may be tried again. */
  #nextAt = -Infinity;
  /** What arrived when TCP was tried in vain. */
  #judgedRate = Infinity;

  /** Looks at how UDP does; tells whether TCP should be tried. */
  suspects(state: UdpState): boolean {
    const { now, rate, loss } = state;
    const isLoaded = loss >= LOADED_LOSS ||
      state.rtt >= LOADED_RTT * state.leastRtt + LOADED_WAIT;
    this.#usual = Math.max(rate, this.#usual * (1 - Math.min(1, (now - this.#lookedAt) / MEMORY)));
    this.#lookedAt = now;
    const hasFallen = this.#hasFallen(rate) && isLoaded;
    const isBad = rate >= LEAST_RATE && (loss >= HEAVY_LOSS || (rate < SLOW && isLoaded));
    this.#fallenSince = hasFallen ? Math.min(this.#fallenSince, now) : Infinity;
    this.#standingSince = isBad ? Math.min(this.#standingSince, now) : Infinity;
    const isSuspect = now - this.#fallenSince >= FALL_TIME ||
      now - this.#standingSince >= STANDING_TIME;
    if (!isSuspect) return false;
    const isNews = rate < FALL * this.#judgedRate;
    return now >= (isNews ? this.#triedAt + NEWS_WAIT : this.#nextAt);
  }

  /**
   * How old the latest round trip may be, ms, with such a rate: where there is something to suspect it
   * should be known, and who only listens does not measure it.
   */
  patience(rate: number): number {
    if (rate < LEAST_RATE || rate >= SLOW && !this.#hasFallen(rate)) return Infinity;
    return this.#hasFallen(rate) ? 0 : SLOW_PATIENCE;
  }

  /**
   * TCP was tried in vain.
   *
   * @param rate What had arrived over UDP.
   * @param jitter A factor about 1 for the wait.
   */
  onTriedInVain(rate: number, jitter: number, now: number): void {
    const isNews = rate < FALL * this.#judgedRate;
    if (isNews) this.#wait = FIRST_WAIT;
    this.#triedAt = now;
    this.#nextAt = now + this.#wait * jitter;
    this.#wait = Math.min(MOST_WAIT, GROWTH * this.#wait);
    this.#judgedRate = this.#usual = rate;
    this.#fallenSince = this.#standingSince = Infinity;
  }

  /** UDP is used anew: what was usual over another carrier is known, Mbit/s. */
  onUdpUsed(usual: number): void {
    this.#usual = usual;
    this.#judgedRate = Infinity;
    this.#fallenSince = this.#standingSince = Infinity;
  }

  #hasFallen(rate: number): boolean {
    return rate >= LEAST_RATE && rate < FALL * this.#usual;
  }
}
