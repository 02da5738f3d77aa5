import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { LossMemory } from "../../src/session/loss_memory.ts";
import { seededFraction } from "../support/seeded_random.ts";

/** A path with a loss rate, in bursts of a mean length, that carries so many frames a second. */
class Path {
  readonly memory = new LossMemory();
  readonly #next: () => number;
  readonly #interval: number;
  #frames = 0;
  #isLost = false;

  constructor(framesPerSecond: number, seed = 1) {
    this.#next = seededFraction(seed);
    this.#interval = 1_000 / framesPerSecond;
  }

  /** Carries frames, and returns the share that was lost. */
  run(seconds: number, rate: number, burst = 1): number {
    const count = Math.round(seconds * 1_000 / this.#interval);
    let lost = 0;
    for (let i = 0; i < count; i++) {
      const wasLost = this.#isLost;
      const chance = burst > 1 && wasLost ? 1 - 1 / burst : this.#startChance(rate, burst);
      this.#isLost = this.#next() < chance;
      this.memory.onJudged(this.#isLost, !wasLost, this.#frames++ * this.#interval);
      if (this.#isLost) lost++;
    }
    return lost / count;
  }

  #startChance(rate: number, burst: number): number {
    return burst > 1 ? rate / (burst * (1 - rate)) : rate;
  }
}

/** How often a condition holds, for 50 seeds. */
function share(holds: (seed: number) => boolean): number {
  let count = 0;
  for (let seed = 1; seed <= 50; seed++) if (holds(seed)) count++;
  return count / 50;
}

test("rate is 0 before anything is known", () => {
  assert.equal(new LossMemory().rate, 0);
  assert.equal(new LossMemory().isQuiet, false);
});

test("rate is a share of 64 frames at least: one loss among the first few says little", () => {
  const memory = new LossMemory();
  memory.onJudged(true, true, 0);
  assert.equal(memory.rate, 1 / 64);
  for (let i = 1; i < 64; i++) memory.onJudged(false, false, i);
  assert.equal(memory.rate, 1 / 64);
  memory.onJudged(false, false, 64);
  assert.equal(memory.rate, 1 / 65);
});

test("rate is that of all frames while the path stays as it is", () => {
  for (const rate of [0.002, 0.01, 0.05, 0.2, 0.5]) {
    for (const burst of [1, 3]) {
      const found = share((seed) => {
        const path = new Path(1_000, seed);
        const lost = path.run(5, rate, burst);
        return Math.abs(path.memory.rate - lost) <= 0.15 * lost;
      });
      assert.ok(found >= 0.9, `${rate} in bursts of ${burst}: ${found}`);
    }
  }
});

test("a change forgets: a step is followed within a second at 1,000 frames a second", () => {
  for (const [before, after] of [[0, 0.05], [0.05, 0.2], [0.2, 0.05], [0.02, 0.1]] as const) {
    for (const burst of [1, 3]) {
      const found = share((seed) => {
        const path = new Path(1_000, seed);
        path.run(10, before, burst);
        const lost = path.run(1, after, burst);
        return Math.abs(path.memory.rate - lost) <= 0.3 * lost;
      });
      assert.ok(found >= 0.85, `${before} to ${after} in bursts of ${burst}: ${found}`);
    }
  }
});

test("a change forgets: a large step is followed within 1.5 s at 100 frames a second", () => {
  for (const [before, after] of [[0, 0.2], [0, 0.05], [0.05, 0.2], [0.2, 0]] as const) {
    const found = share((seed) => {
      const path = new Path(100, seed);
      path.run(15, before);
      path.run(1.5, after);
      return Math.abs(path.memory.rate - after) < Math.abs(before - after) / 2;
    });
    assert.ok(found >= 0.7, `${before} to ${after}: ${found}`);
  }
});

test("a change forgets also where there are as many bursts as before, and longer ones", () => {
  const path = new Path(1_000);
  path.run(10, 0.2);
  path.run(1, 0.8);
  assert.ok(path.memory.rate > 0.7, `${path.memory.rate}`);
});

test("bursts are no change: in ten minutes the older part is hardly ever forgotten", () => {
  const path = new Path(1_000);
  let least = Infinity;
  let most = 0;
  for (let i = 0; i < 600; i++) {
    path.run(1, 0.05, 4);
    if (i < 10) continue;
    least = Math.min(least, path.memory.rate);
    most = Math.max(most, path.memory.rate);
  }
  assert.ok(least > 0.03 && most < 0.075, `${least} to ${most}`);
});

test("what is older than some thirteen seconds is forgotten, also without a change", () => {
  const memory = new LossMemory();
  let now = 0;
  const runTo = (end: number) => {
    for (; now < end; now++) memory.onJudged(now === 500, true, now);
  };
  runTo(12_700);
  assert.equal(memory.rate, 1 / 12_700);
  runTo(14_000);
  assert.equal(memory.rate, 0);
});

test("where frames are rare two thousand are remembered", () => {
  const memory = new LossMemory();
  for (let i = 0; i < 2_000; i++) memory.onJudged(i === 0, true, i * 100);
  assert.equal(memory.rate, 1 / 2_000);
  for (let i = 2_000; i < 2_100; i++) memory.onJudged(false, false, i * 100);
  assert.equal(memory.rate, 0);
});

test("stickiness is the correlation of neighbours: 0 for independent losses, 1 - 1/b in bursts of b", () => {
  for (const [burst, expected] of [[1, 0], [2, 0.44], [3, 0.63], [5, 0.78]] as const) {
    const path = new Path(1_000);
    path.run(12, 0.1, burst);
    const { stickiness } = path.memory;
    assert.ok(Math.abs(stickiness - expected) < 0.08, `${burst}: ${stickiness}`);
  }
});

test("stickiness is not believed of a few losses", () => {
  const memory = new LossMemory();
  for (let i = 0; i < 1_000; i++) memory.onJudged(i === 500 || i === 501, i === 500, i);
  assert.ok(memory.stickiness < 0.2);
});

test("a path without loss for 2.5 s and 100 frames is quiet, whatever it was before", () => {
  for (const [framesPerSecond, seconds] of [[1_000, 2.5], [100, 2.5], [20, 5]] as const) {
    const path = new Path(framesPerSecond);
    path.run(20, 0.5);
    assert.equal(path.memory.isQuiet, false);
    path.memory.onJudged(true, true, 20_000);
    const start = path.memory;
    const interval = 1_000 / framesPerSecond;
    const count = seconds * framesPerSecond;
    for (let i = 1; i < count; i++) start.onJudged(false, false, 20_000 + i * interval);
    assert.equal(start.isQuiet, false, `${framesPerSecond}`);
    start.onJudged(false, false, 20_000 + count * interval);
    assert.equal(start.isQuiet, true, `${framesPerSecond}`);
    start.onJudged(true, true, 20_001 + count * interval);
    assert.equal(start.isQuiet, false);
  }
});

test("takeBack() undoes a loss", () => {
  const memory = new LossMemory();
  for (let i = 0; i < 200; i++) memory.onJudged(i === 90 || i === 91 || i === 92, i === 90, i * 10);
  memory.takeBack(1);
  assert.equal(memory.rate, 2 / 200);
  memory.takeBack(-1);
  memory.takeBack(-1);
  assert.equal(memory.rate, 0);
  assert.equal(memory.stickiness, 0);
});

test("rate is from 0 to 1 and stickiness below 1, whatever is judged and taken back", () => {
  const step = fc.record({
    kind: fc.constantFrom("lost", "come", "back"),
    isFirst: fc.boolean(),
    bursts: fc.integer({ min: -1, max: 1 }),
    count: fc.integer({ min: 1, max: 300 }),
    wait: fc.constantFrom(0, 1, 150, 5_000),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
    const memory = new LossMemory();
    let now = 0;
    for (const { kind, isFirst, bursts, count, wait } of steps) {
      for (let i = 0; i < count; i++) {
        now += wait;
        if (kind === "back") memory.takeBack(bursts);
        else memory.onJudged(kind === "lost", isFirst, now);
      }
      const { rate, stickiness } = memory;
      assert.ok(rate >= 0 && rate <= 1, `${rate}`);
      assert.ok(stickiness >= 0 && stickiness < 1, `${stickiness}`);
    }
  }));
});
