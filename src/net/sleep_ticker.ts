/**
 * Lets all clients of one host look at its clocks (`sleep_watch.ts`), by one alarm for all.
 *
 * An alarm that wakes a session costs twenty microseconds, and whoever has just sent or heard something
 * looks thirteen times a second: the thousand clients of one process would need a quarter of a
 * processor to do nothing. A look alone costs a tenth of a microsecond.
 *
 * @module
 */
import type { Host } from "../host.ts";
import { Alarm } from "./alarm.ts";
import { ACTIVE_TICK } from "./sleep_watch.ts";

/** Who wants to look at the clocks now and then. */
export interface Sleeper {
  /** When it looks at the latest, ms. */
  readonly lookAt: number;

  /** Looks. Must not throw. */
  look(now: number): void;
}

const tickers = new WeakMap<Host, SleepTicker>();

/** The ticker of one host. Times in ms. */
export class SleepTicker {
  readonly #host: Host;
  readonly #alarm: Alarm;
  readonly #sleepers = new Set<Sleeper>();

  private constructor(host: Host) {
    this.#host = host;
    this.#alarm = new Alarm(host, () => this.#tick());
  }

  /** The one ticker that this host has. */
  static of(host: Host): SleepTicker {
    const known = tickers.get(host) ?? new SleepTicker(host);
    tickers.set(host, known);
    return known;
  }

  /** From now on this one looks, too. */
  add(sleeper: Sleeper): void {
    this.#sleepers.add(sleeper);
    this.#alarm.set(sleeper.lookAt);
  }

  /** It looks no more; without anybody who does no alarm is left. */
  remove(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper);
    if (this.#sleepers.size === 0) this.#alarm.cancel();
  }

  /** Somebody has sent or heard something. */
  onActive(now: number): void {
    if (this.#sleepers.size > 0) this.#alarm.set(now + ACTIVE_TICK);
  }

  #tick(): void {
    const now = this.#host.now();
    let next = Infinity;
    for (const sleeper of this.#sleepers) {
      sleeper.look(now);
      next = Math.min(next, sleeper.lookAt);
    }
    if (this.#sleepers.size > 0) this.#alarm.set(next);
  }
}
