/**
 * Notices that the machine has slept.
 *
 * A clock of the monotonic kind may stand still meanwhile, and the wall clock may be set by hand; so
 * either of them is believed: a look that comes too late, or a wall clock that has gone further than
 * the other one.
 *
 * No runtime says that its machine has woken, and where the clock stood still no alarm rings for it
 * either. So the clocks are looked at whenever something happens anyway (a call of the program, a
 * packet, an alarm), and beside that as often as it takes (`sleep_ticker.ts`).
 *
 * @module
 */

// Tuning.

/**
 * Time between two looks, ms. Whoever has sent or heard something may wait for more, and shall not
 * wait for the tenth of a second that a client may need, once awake, beyond a round trip.
 */
export const ACTIVE_TICK = 75;

/** The same after {@linkcode ACTIVE_TIME}: who waits for nothing shall not keep the machine busy. */
const QUIET_TICK = 1_000;

/** How long a packet makes us look often, ms: longer than what the probes of a silent path leave. */
const ACTIVE_TIME = 5_000;

/** What is missing of the time, ms, is sleep; less than that is a busy machine, or a clock corrected. */
const LEAST_SLEEP = 1_500;

/** Watches both clocks of one host. Times in ms. */
export class SleepWatch {
  #lookedAt: number;
  #wall: number;
  #activeAt: number;

  /** @param wall The wall clock, with any origin. */
  constructor(now: number, wall: number) {
    this.#lookedAt = this.#activeAt = now;
    this.#wall = wall;
  }

  /** When to look at the latest. */
  get deadline(): number {
    const isActive = this.#lookedAt - this.#activeAt < ACTIVE_TIME;
    return this.#lookedAt + (isActive ? ACTIVE_TICK : QUIET_TICK);
  }

  /** A packet has come or is about to leave. */
  onActive(now: number): void {
    this.#activeAt = now;
  }

  /** Looks at both clocks; returns whether the machine has slept since the last look. */
  look(now: number, wall: number): boolean {
    const late = now - this.deadline;
    const stoodStill = wall - this.#wall - (now - this.#lookedAt);
    this.#lookedAt = now;
    this.#wall = wall;
    return Math.max(late, stoodStill) >= LEAST_SLEEP;
  }
}
