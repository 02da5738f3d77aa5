import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { TimeSeries } from "../../src/stats/time_series.ts";

/** A series of the values 0, 1, 2, ... at the given times. */
function seriesAt(times: readonly number[], maxLength?: number): TimeSeries {
  const series = new TimeSeries(maxLength);
  times.forEach((time, value) => series.push(value, time));
  return series;
}

function valuesOf(series: TimeSeries): number[] {
  return Array.from(series, ({ value }) => value);
}

test("TimeSeries iterates over its points in order of time", () => {
  assert.deepEqual([...seriesAt([10, 20, 30])], [
    { time: 10, value: 0 },
    { time: 20, value: 1 },
    { time: 30, value: 2 },
  ]);
});

test("TimeSeries.push() drops a point when the last one is less than 5 ms old", () => {
  assert.deepEqual(valuesOf(seriesAt([10, 14.9, 15, 19, 20])), [0, 2, 4]);
});

test("TimeSeries.increment() raises the last point when it is less than 5 ms old", () => {
  const series = new TimeSeries();
  for (const now of [0, 4, 5, 9, 20]) series.increment(2, now);
  assert.deepEqual([...series], [
    { time: 0, value: 4 },
    { time: 5, value: 8 },
    { time: 20, value: 10 },
  ]);
});

test("TimeSeries.get() is the larger of the neighbours, where a missing one counts as 0", () => {
  const series = new TimeSeries();
  series.push(7, 10);
  series.push(3, 20);
  series.push(-5, 30);
  const expected = [[5, 7], [10, 7], [15, 7], [20, 3], [25, 3], [30, -5], [35, 0]] as const;
  for (const [time, value] of expected) assert.equal(series.get(time), value, `at ${time}`);
  assert.equal(new TimeSeries().get(1), 0);
});

test("TimeSeries.after() is a copy of the points later than a time", () => {
  const series = seriesAt([10, 20, 30]);
  assert.deepEqual(valuesOf(series.after(9)), [0, 1, 2]);
  assert.deepEqual(valuesOf(series.after(10)), [1, 2]);
  assert.deepEqual(valuesOf(series.after(15)), [1, 2]);
  assert.deepEqual(valuesOf(series.after(30)), []);
  const copy = series.after(0);
  copy.push(9, 100);
  assert.equal(series.length, 3);
  assert.equal(copy.length, 4);
});

test("TimeSeries.earliest and latest are its ends", () => {
  const series = seriesAt([10, 20, 30]);
  assert.deepEqual(series.earliest, { time: 10, value: 0 });
  assert.deepEqual(series.latest, { time: 30, value: 2 });
  assert.equal(new TimeSeries().earliest, undefined);
  assert.equal(new TimeSeries().latest, undefined);
});

test("TimeSeries loses every second point at its maximum length, the first one first", () => {
  assert.deepEqual(valuesOf(seriesAt([0, 10, 20, 30], 4)), [1, 3]);
  assert.deepEqual(valuesOf(seriesAt([0, 10, 20, 30, 40], 4)), [1, 3, 4]);
  assert.deepEqual(valuesOf(seriesAt([0, 10, 20, 30, 40, 50], 4)), [3, 5]);
});

test("TimeSeries keeps the newest point and stays below its maximum length, whatever that is", () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 50 }), fc.nat({ max: 300 }), (max, count) => {
    const series = new TimeSeries(max);
    for (let i = 1; i <= count; i++) {
      series.increment(1, i * 10);
      assert.ok(series.length < max);
      assert.deepEqual(series.latest, { time: i * 10, value: i });
    }
  }));
});

test("TimeSeries keeps fewer than 10,000 points by default", () => {
  const series = new TimeSeries();
  for (let i = 0; i < 9_999; i++) series.push(i, i * 5);
  assert.equal(series.length, 9_999);
  series.push(0, 1e6);
  assert.equal(series.length, 5_000);
});

test("TimeSeries throws for a maximum length below 2", () => {
  for (const maxLength of [1, 0, NaN]) {
    assert.throws(() => new TimeSeries(maxLength), RangeError);
  }
});
