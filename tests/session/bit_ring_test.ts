import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { BitRing } from "../../src/session/bit_ring.ts";

const BITS = 1_024;

test("BitRing agrees with a set, for any order of numbers, jumps and restarts", () => {
  const steps = fc.array(
    fc.tuple(
      fc.oneof(fc.nat(40), fc.nat(700), fc.nat(5_000), fc.constant(2 ** 33)),
      fc.nat(BITS),
      fc.integer({ min: 0, max: 19 }),
    ),
    { maxLength: 60 },
  );
  fc.assert(fc.property(steps, (each) => {
    const ring = new BitRing(BITS);
    const model = new Set<number>();
    let lowest = 0;
    for (const [jump, back, restart] of each) {
      const highest = ring.highest + 1 + jump;
      ring.moveUpTo(highest);
      ring.add(highest);
      model.add(highest);
      const late = highest - back;
      if (late >= lowest && late > highest - (BITS - 32)) {
        assert.equal(ring.has(late), model.has(late), `${late} below ${highest}`);
        ring.add(late);
        model.add(late);
      }
      assert.equal(ring.highest, highest);
      if (restart > 0) continue;
      ring.restart();
      lowest = highest + 1;
      assert.deepEqual([ring.lowest, ring.highest], [lowest, highest]);
    }
    const from = Math.max(lowest, ring.highest - (BITS - 33));
    for (let number = from; number <= ring.highest; number++) {
      assert.equal(ring.has(number), model.has(number), `${number}`);
    }
  }));
});

test("BitRing takes up memory as numbers come, and gives it back by restart()", () => {
  const before = Uint32Array;
  const sizes: number[] = [];
  class Counted extends before {
    constructor(length: number) {
      super(length);
      sizes.push(length);
    }
  }
  Reflect.set(globalThis, "Uint32Array", Counted);
  try {
    const ring = new BitRing(16_384);
    for (let number = 0; number < 20_000; number++) ring.moveUpTo(number);
    assert.deepEqual(sizes, [16, 32, 64, 128, 256, 512]);
    ring.moveUpTo(Number.MAX_SAFE_INTEGER);
    ring.restart();
    assert.deepEqual(sizes.slice(6), [16]);
    ring.moveUpTo(Number.MAX_SAFE_INTEGER);
  } finally {
    Reflect.set(globalThis, "Uint32Array", before);
  }
});
