import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { MaxFilter } from "../../src/mux/max_filter.ts";

test("MaxFilter gives the largest value of the last rounds, as a search through all of them does", () => {
  const steps = fc.array(fc.tuple(fc.nat(3), fc.nat(20)), { maxLength: 60 });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 8 }), (history, window) => {
    const filter = new MaxFilter(window);
    const all: (readonly [number, number])[] = [];
    let round = 0;
    for (const [step, value] of history) {
      round += step;
      filter.add(round, value);
      all.push([round, value]);
      const largest = (from: number) =>
        Math.max(0, ...all.filter(([at]) => at >= from).map(([, each]) => each));
      assert.equal(filter.largest, largest(round - window + 1));
      const since = Math.max(round - window + 1, round - 2);
      assert.equal(filter.largestSince(round - 2), largest(since));
    }
  }));
});

test("largest and largestSince() are 0 when there is no value", () => {
  const filter = new MaxFilter(3);
  assert.deepEqual([filter.largest, filter.largestSince(0)], [0, 0]);
  filter.add(5, 7);
  assert.equal(filter.largestSince(6), 0);
});

test("forgetBefore() forgets what is older than a round, but for the newest value", () => {
  const filter = new MaxFilter(10);
  filter.add(1, 9);
  filter.add(2, 8);
  filter.add(3, 7);
  filter.forgetBefore(2);
  assert.equal(filter.largest, 8);
  filter.forgetBefore(9);
  assert.equal(filter.largest, 7);
});
