import { test } from "node:test";
import assert from "node:assert/strict";
import { setAlarm } from "../../src/adapters/clock.ts";

/** Time that stands still, and timers that ring when they are told to. */
class FakeTime {
  now = 1_000.25;
  /** What the timers were set to, ms. */
  readonly delays: number[] = [];
  #pending = (): void => {};

  /** Rings the timer that was set last. */
  ring(): void {
    this.#pending();
  }

  /** Puts itself in the place of the runtime's time while `run` runs. */
  install(run: () => void): void {
    const { setTimeout, performance } = globalThis;
    const fake = {
      performance: { now: () => this.now },
      setTimeout: (ring: () => void, delay: number): number => {
        this.delays.push(delay);
        this.#pending = ring;
        return 0;
      },
    };
    replaceGlobals(fake);
    try {
      run();
    } finally {
      replaceGlobals({ setTimeout, performance });
    }
  }
}

/** Not by assignment: on some runtimes these globals are getters. */
function replaceGlobals(values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

test("setAlarm() goes a distance of more than 2^30 ms in steps, and rings at no other time", () => {
  const time = new FakeTime();
  time.install(() => {
    let rang = 0;
    setAlarm(time.now + 2 ** 31 + 7, () => rang++);
    time.now += 2 ** 30;
    time.ring();
    time.now += 2 ** 30;
    time.ring();
    assert.deepEqual([rang, time.delays], [0, [2 ** 30, 2 ** 30, 7]]);
    time.now += 7;
    time.ring();
    assert.deepEqual([rang, time.delays.length], [1, 3]);
  });
});

test("setAlarm() waits on when a timer rings early, by whole milliseconds: it does not spin", () => {
  const time = new FakeTime();
  time.install(() => {
    let rang = 0;
    setAlarm(time.now + 5.5, () => rang++);
    for (const early of [1.75, 0.75, 0.001]) {
      time.now = 1_000.25 + 5.5 - early;
      time.ring();
    }
    assert.deepEqual([rang, time.delays], [0, [6, 2, 1, 1]]);
    time.now += 1;
    time.ring();
    assert.equal(rang, 1);
  });
});

test("setAlarm() gives a timer a delay of 0 for an instant that has passed", () => {
  const time = new FakeTime();
  time.install(() => {
    for (const at of [time.now, time.now - 1_000, -Infinity]) setAlarm(at, () => {});
    assert.deepEqual(time.delays, [0, 0, 0]);
  });
});
