import { test } from "node:test";
import assert from "node:assert/strict";
import { HighSpeedGrowth } from "../../src/mux/highspeed.ts";
import { ackSample } from "../support/ack_sample.ts";

// RFC 3649, appendix B: window, increase, decrease.
const TABLE = [
  [38, 1, 0.50],
  [118, 2, 0.44],
  [221, 3, 0.41],
  [347, 4, 0.38],
  [495, 5, 0.37],
  [663, 6, 0.35],
  [851, 7, 0.34],
  [1_058, 8, 0.33],
  [1_284, 9, 0.32],
  [1_529, 10, 0.31],
  [1_793, 11, 0.30],
  [2_076, 12, 0.29],
  [84_035, 71, 0.10],
] as const;

test("HighSpeedGrowth grows and shrinks by the table of RFC 3649", () => {
  const law = new HighSpeedGrowth();
  for (const [window, increase, decrease] of TABLE) {
    const grown = law.onAcked(window, ackSample({ acked: window })) - window;
    assert.ok(Math.abs(grown - increase) < 0.7, `${window} grows by ${grown}`);
    const lost = 1 - law.onLoss(window) / window;
    assert.ok(Math.abs(lost - decrease) < 0.011, `${window} loses ${lost}`);
  }
});

test("HighSpeedGrowth is Reno up to 38 segments", () => {
  const law = new HighSpeedGrowth();
  assert.equal(law.onLoss(20), 10);
  assert.equal(law.onAcked(20, ackSample({ acked: 20 })), 21);
});
