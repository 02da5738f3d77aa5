import { test } from "node:test";
import assert from "node:assert/strict";
import { INITIAL_RTT, RttEstimator } from "../../src/mux/rtt.ts";

test("L9: RttEstimator assumes 333 ms before the first sample, or the guess that it is given", () => {
  const rtt = new RttEstimator();
  assert.equal(INITIAL_RTT, 333);
  assert.deepEqual([rtt.smoothed, rtt.variance, rtt.latest, rtt.least], [333, 166.5, 333, 333]);
  assert.equal(rtt.known, false);
  assert.equal(new RttEstimator(50).least, 50);
});

test("update() takes the first sample as it is, and forgets the guess", () => {
  const rtt = new RttEstimator(50);
  rtt.update(80, 0);
  assert.deepEqual([rtt.smoothed, rtt.variance, rtt.latest, rtt.least], [80, 40, 80, 80]);
  assert.equal(rtt.known, true);
});

test("update() smooths as RFC 9002, section 5 does", () => {
  const rtt = new RttEstimator();
  let smoothed = 100;
  let variance = 50;
  rtt.update(100, 0);
  for (const sample of [120, 90, 300, 20, 100, 100, 45]) {
    rtt.update(sample, 0);
    variance = 0.75 * variance + 0.25 * Math.abs(smoothed - sample);
    smoothed = 0.875 * smoothed + 0.125 * sample;
    assert.ok(Math.abs(rtt.smoothed - smoothed) < 1e-9);
    assert.ok(Math.abs(rtt.variance - variance) < 1e-9);
    assert.equal(rtt.latest, sample);
  }
  assert.equal(rtt.least, 20);
});

test("least is that of the last 10 to 20 s, so that a longer route is accepted", () => {
  const rtt = new RttEstimator();
  rtt.update(50, 0);
  for (let now = 100; now < 20_000; now += 100) {
    rtt.update(80, now);
    assert.equal(rtt.least, 50);
  }
  rtt.update(80, 20_000);
  assert.equal(rtt.least, 80);
});

test("least stays while there are no samples", () => {
  const rtt = new RttEstimator();
  rtt.update(50, 0);
  rtt.update(80, 60_000);
  assert.equal(rtt.least, 50);
});
