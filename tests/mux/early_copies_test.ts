import { test } from "node:test";
import assert from "node:assert/strict";
import { EarlyCopies } from "../../src/mux/early_copies.ts";
import { segment } from "../support/segments.ts";

test("EarlyCopies sends a retransmission a second time after 3 ms", () => {
  const copies = new EarlyCopies();
  const a = segment(0);
  copies.onRetransmitted(a, 100);
  assert.equal(copies.deadline, 103);
  assert.equal(copies.takeDue(102.9), undefined);
  assert.equal(copies.takeDue(103), a);
  assert.equal(copies.takeDue(103), undefined);
  assert.equal(copies.deadline, Infinity);
});

test("EarlyCopies copies no segment that was acknowledged or sent again in the meantime", () => {
  const copies = new EarlyCopies();
  const [a, b, c] = [segment(0), segment(1), segment(2)];
  for (const piece of [a, b, c]) copies.onRetransmitted(piece, 0);
  a.acked = true;
  b.transmissions++;
  assert.equal(copies.takeDue(5), c);
  assert.equal(copies.takeDue(5), undefined);
});

test("EarlyCopies plans 64 copies at the most", () => {
  const copies = new EarlyCopies();
  for (let i = 0; i < 100; i++) copies.onRetransmitted(segment(i), 0);
  let count = 0;
  while (copies.takeDue(10) !== undefined) count++;
  assert.equal(count, 64);
});

test("onSilence() plans a copy of the tail after an eighth of the round trip, 2 to 20 ms", () => {
  for (const [rtt, gap] of [[80, 10], [4, 2], [1_000, 20]] as const) {
    const copies = new EarlyCopies();
    copies.onSilence(5, 9, 0.05, rtt, 100);
    assert.equal(copies.deadline, 100 + gap);
    assert.equal(copies.isTailDue(100 + gap - 0.1), false);
    assert.equal(copies.isTailDue(100 + gap), true);
    assert.equal(copies.isTailDue(100 + gap), false);
  }
});

test("onSilence() copies a tail of 16 segments at the most, and on a path that loses more than 2 %", () => {
  const cases = [[16, 0.03, true], [17, 0.03, false], [0, 0.03, false], [16, 0.02, false]] as const;
  for (const [inFlight, loss, isCopied] of cases) {
    const copies = new EarlyCopies();
    copies.onSilence(inFlight, 20, loss, 80, 0);
    assert.equal(copies.deadline < Infinity, isCopied);
  }
});

test("onSilence() copies each tail once", () => {
  const copies = new EarlyCopies();
  copies.onSilence(5, 9, 0.05, 80, 0);
  copies.isTailDue(50);
  copies.onSilence(5, 9, 0.05, 80, 60);
  assert.equal(copies.deadline, Infinity);
  copies.onSilence(5, 10, 0.05, 80, 60);
  assert.equal(copies.deadline, 70);
});
