import { test } from "node:test";
import assert from "node:assert/strict";
import { BicGrowth } from "../../src/mux/bic.ts";
import { ackSample } from "../support/ack_sample.ts";

/** The window after a round trip in which all of it was acknowledged. */
function grown(law: BicGrowth, window: number): number {
  return law.onAcked(window, ackSample({ acked: window }));
}

test("BicGrowth shrinks to 0.8, and to a half at 14 segments and below", () => {
  const law = new BicGrowth();
  assert.equal(law.onLoss(100), 80);
  assert.equal(law.onLoss(14), 7);
});

test("BicGrowth halves the distance to the window at which the loss came, by steps of 16 at the most", () => {
  const law = new BicGrowth();
  let window = law.onLoss(100);
  for (const expected of [90, 95, 97.5]) {
    window = grown(law, window);
    assert.equal(window, expected);
  }
  const wide = new BicGrowth();
  assert.equal(grown(wide, wide.onLoss(1_000)), 816);
});

test("BicGrowth goes beyond that window slowly at first, then faster and faster", () => {
  const law = new BicGrowth();
  law.onLoss(100);
  assert.equal(grown(law, 100), 101);
  assert.equal(grown(law, 104), 108);
  assert.equal(grown(law, 150), 166);
});

test("BicGrowth looks below the old maximum when it loses before it has reached it", () => {
  const law = new BicGrowth();
  law.onLoss(100);
  law.onLoss(90);
  assert.equal(grown(law, 71), 76);
});

test("BicGrowth grows as Reno does at 14 segments and below, and by 16 before anything was lost", () => {
  const law = new BicGrowth();
  assert.equal(grown(law, 14), 15);
  assert.equal(grown(law, 15), 31);
});

test("save() brings the maximum back", () => {
  const law = new BicGrowth();
  law.onLoss(100);
  const restore = law.save();
  law.onLoss(60);
  restore();
  assert.equal(grown(law, 80), 90);
});
