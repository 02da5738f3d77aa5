/**
 * Notices that the machine has slept.
 *
 * A clock of the monotonic kind may stand still meanwhile, and the wall clock may be set by hand; so
 * either of them is believed: a tick that comes too late, or a wall clock that has gone further than
 * the other one.
 *
 * @module
 */
import type { Host } from "../host.ts";
import { Alarm } from "./alarm.ts";

// Tuning.

/** Time between two looks, ms: so late a sleep may be noticed where alarms wait for the rest of it. */
const TICK = 1_000;

/** What is missing of the time, ms, is sleep; less than that is a busy machine, or a clock corrected. */
const LEAST_SLEEP = 1_500;

/** Watches both clocks of one host. */
export class SleepWatch {
  readonly #host: Host;
  readonly #alarm: Alarm;
  readonly #onWake: () => void;
  #now = 0;
  #wall = 0;

  /** @param onWake Called when a sleep is over. */
  constructor(host: Host, onWake: () => void) {
    this.#host = host;
    this.#onWake = onWake;
    this.#alarm = new Alarm(host, () => this.#look());
    this.#note();
  }

  /** Watches no more. */
  stop(): void {
    this.#alarm.cancel();
  }

  #look(): void {
    const host = this.#host;
    const passed = host.now() - this.#now;
    const passedOnWall = host.epochSeconds() * 1_000 - this.#wall;
    this.#note();
    if (Math.max(passed, passedOnWall) - TICK >= LEAST_SLEEP) this.#onWake();
  }

  #note(): void {
    this.#now = this.#host.now();
    this.#wall = this.#host.epochSeconds() * 1_000;
    this.#alarm.set(this.#now + TICK);
  }
}
