/**
 * A simulated machine whose monotonic clock stands still while it sleeps, as on Linux.
 */
import type { SimulatedNode } from "../../src/adapters/sim.ts";
import type { Host } from "../../src/host.ts";

/** A host, and the sleep of its machine. */
export class SleepyHost {
  /** What programs on the machine are given. */
  readonly host: Host;
  readonly #node: SimulatedNode;
  #slept = 0;

  constructor(node: SimulatedNode) {
    this.#node = node;
    this.host = {
      ...node,
      now: () => this.#now,
      setAlarm: (at, wake) => this.#setAlarm(at, wake),
    };
  }

  /** Sleeps for so long, ms, from now on; the wall clock goes on. */
  sleep(time: number): void {
    this.#node.stall(time);
    this.#slept += time;
  }

  /** It is asked only while the machine is awake. */
  get #now(): number {
    return this.#node.now() - this.#slept;
  }

  #setAlarm(at: number, wake: () => void): Disposable {
    let alarm: Disposable;
    const arm = () => {
      alarm = this.#node.setAlarm(at + this.#slept, () => this.#now < at ? arm() : wake());
    };
    arm();
    return { [Symbol.dispose]: () => alarm[Symbol.dispose]() };
  }
}
