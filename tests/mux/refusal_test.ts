import { test } from "node:test";
import assert from "node:assert/strict";
import { RefusalDetector } from "../../src/mux/refusal.ts";

/** How long a row is taken for bad luck at a loss rate. */
function rowUntilRefusal(lossRate: number): number {
  const refusal = new RefusalDetector();
  for (let row = 0;; row++) {
    if (refusal.isRefused) return row;
    refusal.onLost(lossRate);
  }
}

test("RefusalDetector takes a row of losses for bad luck that chance makes once in a thousand", () => {
  for (const [rate, row] of [[0.5, 10], [0.8, 31], [0.9, 66]] as const) {
    assert.equal(rowUntilRefusal(rate), row, `rate ${rate}`);
    assert.ok(rate ** row < 1e-3 && rate ** (row - 1) >= 1e-3);
  }
});

test("RefusalDetector takes no row of less than 8 losses for a refusal", () => {
  for (const rate of [0, 0.02, 0.2, 0.4]) assert.equal(rowUntilRefusal(rate), 8);
});

test("RefusalDetector reckons with 90 % of loss at the most: else nothing would ever be a refusal", () => {
  assert.equal(rowUntilRefusal(1), rowUntilRefusal(0.9));
});

test("onRoom() ends a row", () => {
  const refusal = new RefusalDetector();
  for (let i = 0; i < 7; i++) refusal.onLost(0);
  refusal.onRoom();
  for (let i = 0; i < 7; i++) refusal.onLost(0);
  assert.equal(refusal.isRefused, false);
  refusal.onLost(0);
  assert.equal(refusal.isRefused, true);
  refusal.onRoom();
  assert.equal(refusal.isRefused, false);
});
