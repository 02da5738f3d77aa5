import { test } from "node:test";
import assert from "node:assert/strict";
import { DelayHistogram } from "../../src/sim/delay_histogram.ts";
import { seededFraction } from "../support/seeded_random.ts";

test("DelayHistogram gives percentiles to a tenth of a ms, as a sorted list does", () => {
  const next = seededFraction(3);
  const histogram = new DelayHistogram();
  const times = Array.from({ length: 1_000 }, () => next() * next() * 300);
  for (const time of times) histogram.add(time);
  times.sort((a, b) => a - b);
  for (const share of [0.001, 0.05, 0.5, 0.95, 0.99, 1]) {
    const exact = times[Math.ceil(share * 1_000) - 1]!;
    const percentile = histogram.percentile(share);
    assert.ok(percentile >= exact && percentile <= exact + 0.1001, `${percentile} for ${exact}`);
  }
  assert.ok(Math.abs(histogram.mean - times.reduce((sum, time) => sum + time, 0) / 1_000) < 1e-9);
});

test("DelayHistogram of nothing is 0, and reset() forgets all", () => {
  const histogram = new DelayHistogram();
  assert.deepEqual([histogram.count, histogram.mean, histogram.percentile(0.5)], [0, 0, 0]);
  histogram.add(7);
  histogram.reset();
  assert.deepEqual([histogram.count, histogram.mean, histogram.percentile(0.5)], [0, 0, 0]);
});

test("DelayHistogram holds what is above a minute in its last bin", () => {
  const histogram = new DelayHistogram();
  histogram.add(1e12);
  assert.equal(histogram.percentile(1), 60_000);
});

test("percentile() refuses what is no share", () => {
  assert.throws(
    () => new DelayHistogram().percentile(95),
    new RangeError("share must be 0 to 1, got 95"),
  );
});
