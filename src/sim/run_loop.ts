/**
 * Lets virtual time pass while programs run in it.
 *
 * A program waits for promises, and those settle in turns of the event loop, outside of virtual time.
 * So after each event that called into a program the loop stands still for one turn of the real
 * event loop: all that the program can do before something else happens, it has done then. Events
 * inside of links need no such turn.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { VirtualClock } from "./clock.ts";

/** Calls `run` in a new turn of the real event loop, when all promises have settled that can. */
export type Macrotask = (run: () => void) => void;

/** Something that somebody waits for. */
interface Goal {
  readonly until: number;
  isReached: boolean;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

/** Runs events as long as somebody waits for something. */
export class RunLoop {
  readonly #clock: VirtualClock;
  readonly #macrotask: Macrotask;
  readonly #turn = () => this.#advance();
  #goals: Goal[] = [];
  #hasCalledOut = false;
  #isRunning = false;

  constructor(clock: VirtualClock, macrotask: Macrotask) {
    this.#clock = clock;
    this.#macrotask = macrotask;
  }

  /** A program is about to be called. */
  onCallOut(): void {
    this.#hasCalledOut = true;
  }

  /** Lets time pass until a promise has settled, and for `limit` ms at the most. */
  async run<T>(promise: Promise<T>, limit: number): Promise<T> {
    checkDuration("limit", limit);
    if (!await this.#wait(this.#clock.now + limit, promise)) {
      const message = `still waiting after ${limit} ms, at ${this.#clock.now} ms of virtual time`;
      throw new SosistabError("time-limit", message);
    }
    return promise;
  }

  /** Lets `time` ms pass. */
  async pass(time: number): Promise<void> {
    checkDuration("time", time);
    await this.#wait(this.#clock.now + time);
  }

  async #wait(until: number, promise?: Promise<unknown>): Promise<boolean> {
    const { promise: over, resolve: end, reject: fail } = Promise.withResolvers<void>();
    const goal: Goal = { until, isReached: false, end, fail };
    const reach = () => void (goal.isReached = true);
    promise?.then(reach, reach);
    this.#goals.push(goal);
    if (!this.#isRunning) {
      this.#isRunning = true;
      // What the program did before it began to wait must settle first.
      this.#macrotask(this.#turn);
    }
    await over;
    return goal.isReached;
  }

  #advance(): void {
    try {
      // Whoever goes on now must have its turn before anything else happens.
      const hasDismissed = this.#dismiss((goal) => goal.isReached);
      if (!hasDismissed && this.#goals.length > 0) this.#stepUntilCallOut();
    } catch (error) {
      // What a program threw, nobody else would hear of.
      for (const goal of this.#goals.splice(0)) goal.fail(error);
    }
    this.#isRunning = this.#goals.length > 0;
    if (this.#isRunning) this.#macrotask(this.#turn);
  }

  #stepUntilCallOut(): void {
    const clock = this.#clock;
    let until = Infinity;
    for (const goal of this.#goals) until = Math.min(until, goal.until);
    this.#hasCalledOut = false;
    while (!this.#hasCalledOut) {
      if (clock.step(until)) continue;
      this.#dismiss((goal) => goal.until <= clock.now);
      return;
    }
  }

  #dismiss(isOver: (goal: Goal) => boolean): boolean {
    const over = this.#goals.filter(isOver);
    if (over.length === 0) return false;
    this.#goals = this.#goals.filter((goal) => !over.includes(goal));
    for (const goal of over) goal.end();
    return true;
  }
}

function checkDuration(name: string, time: number): void {
  if (!(time >= 0 && time < Infinity)) {
    throw new RangeError(`${name} must be a finite time of at least 0 ms, got ${time}`);
  }
}
