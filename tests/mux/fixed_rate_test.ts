import { test } from "node:test";
import assert from "node:assert/strict";
import { FixedRate } from "../../src/mux/fixed_rate.ts";

test("FixedRate sends full packets, headers included, at the rate that was set", () => {
  const fixed = new FixedRate({ name: "fixed", bitsPerSecond: 1_428 * 8 * 2_000 });
  assert.equal(fixed.pacingRate, 2);
  assert.equal(fixed.window, 2_000);
});

test("FixedRate lets as many segments be in flight as were allowed", () => {
  assert.equal(new FixedRate({ name: "fixed", bitsPerSecond: 1e6, window: 50 }).window, 50);
  assert.equal(new FixedRate({ name: "fixed", bitsPerSecond: 1_000 }).window, 16);
  assert.equal(new FixedRate({ name: "fixed", bitsPerSecond: 1e11 }).window, 32_768);
});

test("FixedRate changes for nothing", () => {
  const fixed = new FixedRate({ name: "fixed", bitsPerSecond: 1e7 });
  const before = [fixed.window, fixed.pacingRate];
  fixed.onAck();
  fixed.onTimeout();
  fixed.onSpuriousLoss();
  assert.deepEqual([fixed.window, fixed.pacingRate], before);
});

test("FixedRate refuses a rate or a window that makes no sense", () => {
  for (const bitsPerSecond of [-1, 0, 999, 1e11 + 1, NaN, Infinity]) {
    assert.throws(() => new FixedRate({ name: "fixed", bitsPerSecond }), {
      name: "RangeError",
      message: `congestion.bitsPerSecond must be 1,000 to 100,000,000,000, got ${bitsPerSecond}`,
    });
  }
  for (const window of [0, 3, 4.5, 32_769, NaN]) {
    assert.throws(() => new FixedRate({ name: "fixed", bitsPerSecond: 1e6, window }), {
      name: "RangeError",
      message: `congestion.window must be an integer from 4 to 32768, got ${window}`,
    });
  }
});
