/**
 * Virtual time: it stands still while something happens, and then jumps to what happens next.
 *
 * @module
 */
import { EventHeap } from "./event_heap.ts";

/** Time, and things that are to happen: what a link needs to run under any kind of time. */
export interface EventQueue {
  /** The time, ms. Never goes back. */
  readonly now: number;

  /**
   * Calls `run` when the time has come, and never synchronously; at equal times in the order in
   * which it was asked for. A time in the past is now.
   *
   * @returns Disposing it takes it back; doing so twice, or afterwards, is harmless.
   */
  at(time: number, run: () => void): Disposable;
}

/** Events under virtual time. */
export class VirtualClock implements EventQueue {
  readonly #events = new EventHeap();
  #now = 0;

  get now(): number {
    return this.#now;
  }

  /** How many events are to happen. */
  get pending(): number {
    return this.#events.size;
  }

  at(time: number, run: () => void): Disposable {
    if (Number.isNaN(time)) throw new RangeError("time must be an instant, got NaN");
    return this.#events.add(Math.max(time, this.#now), run);
  }

  /**
   * Lets the next event happen, if it is due by `until`; else time passes until then.
   *
   * @returns Whether there was one.
   */
  step(until: number): boolean {
    const first = this.#events.first;
    if (first === undefined || first.at > until) {
      this.#now = Math.max(this.#now, until);
      return false;
    }
    this.#events.removeFirst();
    this.#now = first.at;
    first.happen();
    return true;
  }

  /** Lets everything happen that is due by `until`, without waiting for promises. */
  run(until: number): void {
    while (this.step(until));
  }
}
