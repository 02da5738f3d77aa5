import { test } from "node:test";
import assert from "node:assert/strict";
import { ReorderingPatience } from "../../src/mux/reordering_patience.ts";

const RTT = 80;

test("isLost() needs three later frames, or an eighth of the least round trip, on a path that keeps order", () => {
  const patience = new ReorderingPatience();
  assert.equal(patience.isLost(2, 0, RTT), false);
  assert.equal(patience.isLost(3, 0, RTT), true);
  assert.equal(patience.isLost(1, 10, RTT), false);
  assert.equal(patience.isLost(1, 10.1, RTT), true);
});

test("isLost() grants a millisecond at the least, however short the path", () => {
  const patience = new ReorderingPatience();
  assert.equal(patience.isLost(1, 0.9, 0.5), false);
  assert.equal(patience.isLost(1, 1.1, 0.5), true);
});

test("isLost() counts only time after a needless retransmission", () => {
  const patience = new ReorderingPatience();
  patience.onNeedless(1, RTT);
  assert.equal(patience.isLost(1_000, 10, RTT), false);
  assert.equal(patience.isLost(1, 10.1, RTT), true);
});

test("onNeedless() adds an eighth of a round trip, once a round, up to a half", () => {
  const patience = new ReorderingPatience();
  assert.equal(patience.grace(RTT), 10);
  for (const [round, grace] of [[1, 10], [1, 10], [2, 20], [3, 30], [4, 40], [5, 40]] as const) {
    patience.onNeedless(round, RTT);
    assert.equal(patience.grace(RTT), grace);
  }
});

test("onNeedless() may always grow to 8 ms", () => {
  const patience = new ReorderingPatience();
  for (let round = 0; round < 20; round++) patience.onNeedless(round, 1);
  assert.equal(patience.grace(1), 8);
});

test("onRound() takes a step back after 16 rounds without a needless retransmission", () => {
  const patience = new ReorderingPatience();
  patience.onNeedless(1, RTT);
  patience.onNeedless(2, RTT);
  patience.onRound(RTT);
  for (let i = 0; i < 15; i++) patience.onRound(RTT);
  assert.equal(patience.grace(RTT), 20);
  patience.onRound(RTT);
  assert.equal(patience.isLost(1, 10.1, RTT), true);
  for (let i = 0; i < 16; i++) patience.onRound(RTT);
  assert.equal(patience.isLost(3, 0, RTT), false);
  patience.onRound(RTT);
  assert.equal(patience.isLost(3, 0, RTT), true);
});
