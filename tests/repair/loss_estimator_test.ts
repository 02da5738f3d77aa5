import assert from "node:assert/strict";
import { test } from "node:test";
import { LossEstimator } from "../../src/repair/loss_estimator.ts";
import { lossOf } from "../support/repair_loop.ts";
import { seededFraction } from "../support/seeded_random.ts";

/** Frames on a lossy path, as reports of what was sent every 20 ms tell them. */
function observe(
  estimator: LossEstimator,
  { seed, loss, burst = 1, frames, interval, from = 0 }: {
    readonly seed: number;
    readonly loss: number;
    readonly burst?: number;
    readonly frames: number;
    readonly interval: number;
    readonly from?: number;
  },
) {
  const isLost = lossOf([{ from: 0, loss, burst }], seededFraction(seed));
  let [seen, lost, lostInAll] = [0, 0, 0];
  for (let frame = 0; frame < frames; frame++) {
    const at = from + frame * interval;
    seen++;
    if (isLost(at)) {
      lost++;
      lostInAll++;
    }
    if (Math.floor((at + interval) / 20) === Math.floor(at / 20)) continue;
    estimator.onSettled(seen, lost, at);
    seen = lost = 0;
  }
  estimator.onSettled(seen, lost, from + frames * interval);
  return lostInAll / frames;
}

test("LossEstimator.measured is within 15 % of what was lost of 500 frames and more", () => {
  for (const loss of [0.002, 0.01, 0.05, 0.1, 0.2, 0.5]) {
    for (const burst of [1, 3]) {
      for (const [frames, interval] of [[500, 20], [1000, 10], [5000, 1]] as const) {
        for (let seed = 1; seed <= 5; seed++) {
          const estimator = new LossEstimator();
          const truth = observe(estimator, { seed, loss, burst, frames, interval });
          // A path that has changed by chance is a different path for the estimator.
          if (estimator.changes > 0) continue;
          const error = Math.abs(estimator.measured - truth);
          const what = `loss ${loss}, burst ${burst}, interval ${interval}, seed ${seed}`;
          assert.ok(error <= 0.15 * truth + 1e-12, `${what}: ${estimator.measured}, not ${truth}`);
        }
      }
    }
  }
});

test("LossEstimator sees few changes where there are none", () => {
  for (const [loss, burst] of [[0.01, 1], [0.1, 1], [0.3, 1], [0.1, 3]] as const) {
    const estimator = new LossEstimator();
    observe(estimator, { seed: 3, loss, burst, frames: 100_000, interval: 1 });
    assert.ok(estimator.changes <= 8, `loss ${loss}, burst ${burst}: ${estimator.changes}`);
  }
});

test("LossEstimator forgets the older part when the path has changed", () => {
  const estimator = new LossEstimator();
  observe(estimator, { seed: 1, loss: 0.05, frames: 10_000, interval: 1 });
  observe(estimator, { seed: 2, loss: 0.2, frames: 400, interval: 1, from: 10_000 });
  assert.ok(estimator.changes >= 1);
  assert.ok(estimator.measured > 0.15, `${estimator.measured}`);
});

test("LossEstimator.stickiness is that of the path", () => {
  const estimator = new LossEstimator();
  observe(estimator, { seed: 5, loss: 0.1, burst: 3, frames: 60_000, interval: 1 });
  // Good states last 27 packets and bad ones 3: 1 - 1/3 - 1/27.
  assert.ok(Math.abs(estimator.stickiness - 0.63) < 0.1, `${estimator.stickiness}`);
  assert.ok(Math.abs(estimator.burstLength - 3) < 0.7, `${estimator.burstLength}`);
});

test("LossEstimator.stickiness is 0, or nearly, where losses are independent", () => {
  for (const loss of [0.01, 0.1, 0.3]) {
    const estimator = new LossEstimator();
    observe(estimator, { seed: 5, loss, frames: 60_000, interval: 1 });
    assert.ok(estimator.stickiness < 0.05, `loss ${loss}: ${estimator.stickiness}`);
  }
});

test("LossEstimator.correlation() is larger where less is known", () => {
  const little = new LossEstimator();
  const much = new LossEstimator();
  observe(little, { seed: 5, loss: 0.1, frames: 100, interval: 1 });
  observe(much, { seed: 5, loss: 0.1, frames: 10_000, interval: 1 });
  assert.ok(little.correlation(20, 5, 1) > 10 * much.correlation(20, 5, 1));
});

test("LossEstimator.isQuiet after two and a half seconds without loss, and a hundred frames", () => {
  const estimator = new LossEstimator();
  observe(estimator, { seed: 1, loss: 0.2, frames: 1000, interval: 1 });
  observe(estimator, { seed: 1, loss: 0, frames: 2400, interval: 1, from: 1000 });
  assert.equal(estimator.isQuiet, false);
  observe(estimator, { seed: 1, loss: 0, frames: 200, interval: 1, from: 3400 });
  assert.equal(estimator.isQuiet, true);
});

test("LossEstimator.onSettled() takes back what was told before", () => {
  const estimator = new LossEstimator();
  estimator.onSettled(100, 5, 0);
  estimator.onSettled(100, -5, 100);
  assert.equal(estimator.measured, 0);
});

test("L10: LossEstimator.loss is so small beforehand that nothing is repaired", () => {
  assert.ok(new LossEstimator().loss < 0.005);
});
