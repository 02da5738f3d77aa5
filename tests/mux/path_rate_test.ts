import { test } from "node:test";
import assert from "node:assert/strict";
import type { AckSample } from "../../src/mux/congestion.ts";
import { PathRate } from "../../src/mux/path_rate.ts";
import { ackSample } from "../support/ack_sample.ts";

/** The rate after one sample of 100 segments in 50 ms. */
function measured(change: Partial<AckSample>, floor = 0, isStarting = false): number {
  const rate = new PathRate();
  rate.measure(ackSample({ segments: 100, arrived: 100, ...change }), floor, isStarting);
  return rate.largest;
}

test("measure() takes segments and time for the rate, lost ones included that the path itself loses", () => {
  assert.equal(measured({}), 2);
  assert.equal(measured({ arrived: 90 }, 0.1), 2);
});

test("measure() takes loss off that is more than a point beyond the path's own", () => {
  assert.equal(measured({ arrived: 90 }, 0.0899), 2 * (0.9 / (1 - 0.0899 - 0.01)));
  assert.equal(measured({ arrived: 80 }, 0), 2 * (0.8 / 0.99));
});

test("measure() counts what arrived while starting, and takes up to 10 % for the path's own", () => {
  assert.equal(measured({ arrived: 90 }, 0, true), 1.8);
  assert.equal(measured({ arrived: 90 }, 0.1, true), 1.8 / 0.9);
  assert.equal(measured({ arrived: 70 }, 0.3, true), 1.4 / 0.9);
});

test("measure() takes no sample that is too short, or of fewer than four segments", () => {
  assert.equal(measured({ rateIsValid: false }), 0);
  assert.equal(measured({ segments: 3, arrived: 3 }), 0);
  assert.equal(measured({ interval: 0 }), 1_000);
});

test("measure() believes who had nothing to send only when the rate is higher than before", () => {
  const rate = new PathRate();
  const limited = { segments: 100, appLimited: true };
  rate.measure(ackSample({ ...limited, arrived: 100, round: 1 }), 0, false);
  assert.equal(rate.largest, 2);
  rate.measure(ackSample({ ...limited, segments: 50, arrived: 50, round: 11 }), 0, false);
  assert.equal(rate.largest, 2);
  rate.measure(ackSample({ segments: 50, arrived: 50, round: 11 }), 0, false);
  assert.equal(rate.largest, 1);
});

test("onFloorProven() raises the rate by what was taken for an overflow", () => {
  const rate = new PathRate();
  rate.measure(ackSample({ segments: 100, arrived: 70 }), 0.3, true);
  rate.onFloorProven(0.3, 2);
  assert.ok(Math.abs(rate.largest - 2) < 1e-9);
});

test("forgetBefore() and largestSince() count rounds", () => {
  const rate = new PathRate();
  rate.measure(ackSample({ segments: 100, arrived: 100, round: 1 }), 0, false);
  rate.measure(ackSample({ segments: 50, arrived: 50, round: 3 }), 0, false);
  assert.deepEqual([rate.largest, rate.largestSince(2)], [2, 1]);
  rate.forgetBefore(2);
  assert.equal(rate.largest, 1);
});
