/**
 * The clock of a host as a queue of events, so that what was made for virtual time runs in real time.
 *
 * Real alarms ring late. An event that happens late still sees the time at which it should have
 * happened, so what it asks for in turn is not late as well: a link keeps its rate however coarse
 * the timers are.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { EventQueue } from "./clock.ts";
import { EventHeap } from "./event_heap.ts";

/** Events in real time. Holds one alarm at a time, as long as something is to happen. */
export class HostClock implements EventQueue {
  readonly #host: Pick<Host, "now" | "setAlarm">;
  readonly #events = new EventHeap();
  #alarm: Disposable | undefined;
  #alarmAt = Infinity;
  #now = -Infinity;
  #isHappening = false;
  #isClosed = false;

  constructor(host: Pick<Host, "now" | "setAlarm">) {
    this.#host = host;
  }

  get now(): number {
    if (!this.#isHappening) this.#now = Math.max(this.#now, this.#host.now());
    return this.#now;
  }

  at(time: number, run: () => void): Disposable {
    const event = this.#events.add(Math.max(time, this.now), run);
    this.#arm();
    return event;
  }

  /**
   * Something comes from outside. What is due happens before it, or would be overtaken; and what it
   * causes at once happens before this returns.
   *
   * @param run Told when it is its turn.
   */
  enter(run: () => void): void {
    if (this.#isHappening) throw new Error("a host clock was entered twice");
    this.#isHappening = true;
    try {
      this.#catchUp();
      this.#now = Math.max(this.#now, this.#host.now());
      run();
      this.#catchUp();
    } finally {
      this.#isHappening = false;
      this.#arm();
    }
  }

  /** Forgets everything; nothing happens any more. */
  close(): void {
    this.#isClosed = true;
    this.#events.clear();
    this.#cancel();
  }

  #catchUp(): void {
    const until = this.#host.now();
    for (let first = this.#events.first; first !== undefined; first = this.#events.first) {
      if (first.at > until) return;
      this.#events.removeFirst();
      this.#now = Math.max(this.#now, first.at);
      first.happen();
    }
  }

  #arm(): void {
    if (this.#isHappening || this.#isClosed) return;
    const at = this.#events.first?.at ?? Infinity;
    // An alarm that rings too early does no harm, and most times only move away.
    if (at >= this.#alarmAt) return;
    this.#cancel();
    this.#alarmAt = at;
    this.#alarm = this.#host.setAlarm(at, () => {
      this.#alarmAt = Infinity;
      this.enter(() => {});
    });
  }

  #cancel(): void {
    this.#alarm?.[Symbol.dispose]();
    this.#alarm = undefined;
    this.#alarmAt = Infinity;
  }
}
