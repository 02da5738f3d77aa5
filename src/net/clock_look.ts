/**
 * A client's look at the clocks of its host: whether the machine has slept.
 *
 * It looks whenever the client does something anyway, and when the host's ticker says so.
 *
 * @module
 */
import type { Host } from "../host.ts";
import { type Sleeper, SleepTicker } from "./sleep_ticker.ts";
import { SleepWatch } from "./sleep_watch.ts";

/** The look of one client. Times in ms. */
export class ClockLook implements Sleeper {
  readonly #host: Host;
  readonly #ticker: SleepTicker;
  readonly #watch: SleepWatch;
  readonly #onWoken: () => void;
  #lookedAt: number;
  #wall: number;
  #wokeAt = -Infinity;

  /** @param onWoken Told when the machine is found to have slept; must not throw. */
  constructor(host: Host, onWoken: () => void) {
    this.#host = host;
    this.#onWoken = onWoken;
    this.#lookedAt = host.now();
    this.#wall = host.epochSeconds();
    this.#watch = new SleepWatch(this.#lookedAt, 1_000 * this.#wall);
    this.#ticker = SleepTicker.of(host);
    this.#ticker.add(this);
  }

  /** What the wall clock showed then, seconds. */
  get wall(): number {
    return this.#wall;
  }

  /** When the machine was last found to have slept. */
  get wokeAt(): number {
    return this.#wokeAt;
  }

  get lookAt(): number {
    return this.#watch.deadline;
  }

  /** A packet has come or is about to leave. */
  onActive(now: number): void {
    this.#watch.onActive(now);
    this.#ticker.onActive(now);
  }

  look(now: number): void {
    // Of the packets that leave together one is enough to look.
    if (now === this.#lookedAt) return;
    this.#lookedAt = now;
    this.#wall = this.#host.epochSeconds();
    if (!this.#watch.look(now, 1_000 * this.#wall)) return;
    this.#wokeAt = now;
    this.#onWoken();
  }

  /** Looks no more. */
  stop(): void {
    this.#ticker.remove(this);
  }
}
