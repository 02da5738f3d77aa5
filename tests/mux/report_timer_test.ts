import { test } from "node:test";
import assert from "node:assert/strict";
import { ReportTimer } from "../../src/mux/report_timer.ts";

test("ReportTimer reports half a second after a message on a path that loses nothing", () => {
  const timer = new ReportTimer();
  assert.equal(timer.deadline, Infinity);
  timer.onHeard(100);
  timer.onHeard(300);
  assert.equal(timer.deadline, 600);
  assert.equal(timer.handleTimeout(599), false);
  assert.equal(timer.handleTimeout(600), true);
});

test("ReportTimer reports at once on a path that loses, and every 25 ms at the most", () => {
  const timer = new ReportTimer();
  timer.onLoss(1_000);
  timer.onHeard(1_000);
  assert.equal(timer.deadline, 1_000);
  timer.onSpoken(1_000);
  timer.onHeard(1_010);
  assert.equal(timer.deadline, 1_025);
});

test("ReportTimer takes a path for losing until 15 s after the last loss", () => {
  const timer = new ReportTimer();
  timer.onLoss(0);
  timer.onHeard(14_999);
  assert.equal(timer.deadline, 14_999);
  timer.onSpoken(14_999);
  timer.onHeard(15_000);
  assert.equal(timer.deadline, 15_500);
});

test("ReportTimer is silent when something was sent, until a message comes again", () => {
  const timer = new ReportTimer();
  timer.onHeard(0);
  timer.onSpoken(400);
  assert.equal(timer.deadline, Infinity);
  timer.onHeard(500);
  assert.equal(timer.deadline, 1_000);
});
