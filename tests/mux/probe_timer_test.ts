import { test } from "node:test";
import assert from "node:assert/strict";
import { ProbeTimer } from "../../src/mux/probe_timer.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";

/** Time that a peer may hold an acknowledgement back. */
const ALLOWANCE = 10;

function steady(rtt: number): RttEstimator {
  const estimator = new RttEstimator();
  for (let i = 0; i < 100; i++) estimator.update(rtt, 0);
  return estimator;
}

/** The waits before the first probes. */
function waits(rtt: RttEstimator, count: number): number[] {
  const timer = new ProbeTimer();
  return Array.from({ length: count }, () => {
    const wait = timer.timeout(rtt);
    timer.onProbe(0);
    return Math.round(wait * 100) / 100;
  });
}

test("timeout() is the smoothed round trip, twice its deviation, and what an ACK may be held back", () => {
  const rtt = new RttEstimator();
  rtt.update(100, 0);
  rtt.update(140, 0);
  const { smoothed, variance } = rtt;
  assert.equal(new ProbeTimer().timeout(rtt), smoothed + 2 * variance + ALLOWANCE);
});

test("timeout() grants 5 ms beyond the round trip at the least, and a round trip at the most", () => {
  assert.equal(Math.round(new ProbeTimer().timeout(steady(50))), 50 + 5 + ALLOWANCE);
  const wild = new RttEstimator();
  for (let i = 0; i < 100; i++) wild.update(i % 2 === 0 ? 1 : 1_000, 0);
  assert.ok(wild.variance * 2 > wild.smoothed);
  assert.equal(new ProbeTimer().timeout(wild), 2 * wild.smoothed + ALLOWANCE);
});

test("timeout() is the same for the second probe, and grows by half from then on, up to 450 ms", () => {
  const first = 50 + 5 + ALLOWANCE;
  const expected = [first, first, 1.5 * first, 2.25 * first, 3.375 * first, 5.0625 * first];
  const rounded = expected.map((wait) => Math.round(wait * 100) / 100);
  assert.deepEqual(waits(steady(50), 8), [...rounded, 450, 450]);
});

test("timeout() may grow to four round trips on a long path", () => {
  assert.equal(waits(steady(300), 20).at(-1), 1_200);
});

test("timeout() is 1.8 s after half a minute of silence", () => {
  const timer = new ProbeTimer();
  assert.equal(timer.timeout(steady(50), 30_000), 1_800);
  assert.ok(timer.timeout(steady(50), 29_999) <= 450);
  assert.equal(timer.timeout(steady(600), 30_000), 2_400);
});

test("onProbe() gives segments, after 3 s of silence questions, and everything up at the third", () => {
  const timer = new ProbeTimer();
  const probes = [0, 100, 200, 2_999, 3_000, 4_000].map((silence) => timer.onProbe(silence));
  assert.deepEqual(probes, [
    "segments",
    "segments",
    "everything",
    "segments",
    "question",
    "question",
  ]);
  assert.equal(timer.takeQuestion(), true);
  assert.equal(timer.takeQuestion(), false);
  timer.onProbe(5_000);
  timer.onAnswer();
  assert.equal(timer.takeQuestion(), false);
  assert.equal(timer.onProbe(5_000), "segments");
});

test("onHeard() wants segments at once when a question is answered, once", () => {
  const timer = new ProbeTimer();
  for (let i = 0; i < 4; i++) timer.onProbe(0);
  timer.onHeard(false, 0);
  assert.equal(timer.onHeard(true, 10), false);
  timer.onProbe(3_000);
  assert.equal(timer.onHeard(true, 20), true);
  assert.equal(timer.onHeard(true, 30), false);
});

test("onHeard() wants segments at once when it ends a silence, and answers nothing", () => {
  const timer = new ProbeTimer();
  for (let i = 0; i < 4; i++) timer.onProbe(0);
  assert.equal(timer.onHeard(false, 0), true);
  assert.equal(timer.onHeard(false, 449), false);
  assert.equal(timer.onHeard(false, 899), true);
  assert.equal(timer.count, 4);
});

test("onAnswer() begins anew", () => {
  const timer = new ProbeTimer();
  for (let i = 0; i < 10; i++) timer.onProbe(0);
  assert.equal(timer.count, 10);
  timer.onAnswer();
  assert.equal(timer.count, 0);
  assert.equal(Math.round(timer.timeout(steady(50))), 65);
});
