import { test } from "node:test";
import assert from "node:assert/strict";
import { EmaCalculator } from "../../src/stats/ema.ts";
import { vectors } from "../support/vectors.ts";

/** The sums are taken in another order than the original's. */
function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${actual}`);
}

test("EmaCalculator follows the original's mean and percentiles, point by point", () => {
  for (const { alpha, initialMean, updates } of vectors.ema) {
    const ema = new EmaCalculator(alpha, initialMean ?? undefined);
    for (const { point, mean, p01, p50, p99 } of updates) {
      ema.update(point);
      assertClose(ema.mean, mean);
      assertClose(ema.percentile(0.01), p01);
      assertClose(ema.percentile(0.5), p50);
      assertClose(ema.percentile(0.99), p99);
    }
  }
});

test("EmaCalculator starts with the square of an initial mean as its variance", () => {
  const ema = new EmaCalculator(0.1, -4);
  assert.equal(ema.mean, -4);
  assert.equal(ema.variance, 16);
});

test("EmaCalculator without an initial mean takes the first point as its mean", () => {
  const ema = new EmaCalculator(0.1);
  assert.equal(ema.mean, 0);
  ema.update(7);
  assert.equal(ema.mean, 7);
  assert.equal(ema.variance, 0);
});

test("EmaCalculator.percentile() is the mean while the variance is 0", () => {
  const ema = new EmaCalculator(0.1);
  ema.update(7);
  for (const fraction of [0, 0.3, 1]) assert.equal(ema.percentile(fraction), 7);
  ema.update(8);
  assert.equal(ema.percentile(0), -Infinity);
  assert.equal(ema.percentile(1), Infinity);
});

test("EmaCalculator throws for an alpha or a fraction out of range", () => {
  for (const alpha of [0, -1, 1.1, NaN]) {
    assert.throws(() => new EmaCalculator(alpha), RangeError);
  }
  assert.throws(() => new EmaCalculator(0.5).percentile(2), RangeError);
  assert.equal(new EmaCalculator(1).mean, 0);
});
