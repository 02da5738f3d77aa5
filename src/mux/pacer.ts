/**
 * Lets segments go: as many as the window allows, spread over time.
 *
 * A token bucket, refilled by the time that has passed and looked at whenever something happens: on
 * each send, each acknowledgement and each timer. Timers of the runtimes are 1 to 2 ms coarse, so a
 * tick must be able to release what those milliseconds were worth.
 *
 * @module
 */
import type { CongestionController } from "./congestion.ts";

// Tuning.

/**
 * How long a pause may be made up for, ms. Deno's shortest timer is 2.2 ms, and on a busy machine a
 * process waits longer for its turn: when it stands still for 5 ms on average every 10 ms, a link of
 * 100 Mbit/s carries 80 Mbit/s with 2.5 ms here, and 91 with 10 ms. What is made up for finds the
 * queue shorter by as much.
 */
const MOST_CATCH_UP = 10;

/** Packets that may always leave together; sending one by one would cost a timer each. */
const LEAST_BURST = 2;

/** Packets that may ever leave together. A default socket buffer of Linux holds 92 of them. */
const MOST_BURST = 64;

/** Packets that may leave at once when nothing is in flight: the initial window of RFC 6928. */
const IDLE_BURST = 10;

/** Bounds of the rate, packets a ms: with numbers beyond them there is no reckoning. */
const LEAST_RATE = 1e-6;
const MOST_RATE = 1e6;

/** A packet's worth, less what rounding may take: else the moment of readiness might never come. */
const ENOUGH = 1 - 1e-6;

/** Shortest wait, ms: no timer is as fine, and beside a long uptime a shorter one would round to 0. */
const LEAST_WAIT = 0.01;

/** A token bucket behind a window. Times in ms. */
export class Pacer {
  readonly #congestion: CongestionController;
  #credit = IDLE_BURST;
  #refilledAt: number;

  /** @param congestion Sets the window and the rate. */
  constructor(congestion: CongestionController, now: number) {
    this.#congestion = congestion;
    this.#refilledAt = now;
  }

  /** Whether a segment may leave now, while so many are in flight. */
  mayTransmit(inFlight: number, now: number): boolean {
    if (this.#isWindowFull(inFlight)) return false;
    const rate = this.#rate;
    const depth = Math.min(MOST_BURST, Math.max(LEAST_BURST, MOST_CATCH_UP * rate));
    const credit = this.#credit + rate * (now - this.#refilledAt);
    this.#credit = Math.min(Math.max(depth, this.#credit), credit);
    this.#refilledAt = now;
    if (inFlight === 0) this.#credit = Math.max(this.#credit, IDLE_BURST);
    return this.#credit >= ENOUGH;
  }

  /** When {@linkcode mayTransmit} turns true by the passing of time alone. */
  deadline(inFlight: number): number {
    if (this.#isWindowFull(inFlight)) return Infinity;
    if (this.#credit >= ENOUGH) return this.#refilledAt;
    const wait = (1 - this.#credit) / this.#rate;
    return this.#refilledAt + Math.max(LEAST_WAIT, wait);
  }

  /** A segment has left. */
  onSent(): void {
    this.#credit -= 1;
  }

  /** A controller of somebody's own may say anything, also later on. */
  get #rate(): number {
    const rate = this.#congestion.pacingRate;
    return rate > LEAST_RATE ? Math.min(rate, MOST_RATE) : LEAST_RATE;
  }

  #isWindowFull(inFlight: number): boolean {
    return inFlight >= Math.floor(this.#congestion.window);
  }
}
