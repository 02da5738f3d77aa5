import { test } from "node:test";
import assert from "node:assert/strict";
import { StartWatch } from "../../src/mux/start_watch.ts";
import { ackSample } from "../support/ack_sample.ts";

const round = ackSample({ roundStart: true });

test("StartWatch ends the start after 32 frames in a row with a raised round trip", () => {
  const watch = new StartWatch();
  watch.onRtt(57, 50, 0, 100);
  assert.equal(watch.judge(ackSample(), 1, 0, false), undefined);
  watch.onRtt(58, 50, 0, 31);
  assert.equal(watch.judge(ackSample(), 1, 0, false), undefined);
  watch.onRtt(50, 50, 0, 1);
  watch.onRtt(58, 50, 0, 31);
  assert.equal(watch.judge(ackSample(), 1, 0, false), undefined);
  watch.onRtt(58, 50, 0, 1);
  assert.equal(watch.judge(ackSample(), 1, 0, false), "queue");
});

test("StartWatch takes a round trip for raised by an eighth, and not within the noise", () => {
  const watch = new StartWatch();
  watch.onRtt(225, 200, 0, 100);
  watch.onRtt(235, 200, 10, 100);
  assert.equal(watch.judge(ackSample(), 1, 0, false), undefined);
  watch.onRtt(236, 200, 10, 32);
  assert.equal(watch.judge(ackSample(), 1, 0, false), "queue");
});

test("StartWatch ends the start after two rounds in which the rate has not grown by a quarter", () => {
  const watch = new StartWatch();
  for (const rate of [1, 1.25, 1.6, 1.99]) {
    assert.equal(watch.judge(round, rate, 100, false), undefined);
  }
  assert.equal(watch.judge(round, 1.99, 100, false), "stalled");
});

test("StartWatch counts a round of fewer than 64 frames for a third, and one that had nothing to send not", () => {
  const watch = new StartWatch();
  watch.judge(round, 1, 100, false);
  for (let i = 0; i < 5; i++) assert.equal(watch.judge(round, 1, 63, false), undefined);
  const limited = ackSample({ roundStart: true, appLimited: true });
  for (let i = 0; i < 5; i++) assert.equal(watch.judge(limited, 1, 100, false), undefined);
  assert.equal(watch.judge(round, 1, 63, false), "stalled");
});

test("StartWatch ends the start by the second round of suspect loss, or the first without growth", () => {
  const growing = new StartWatch();
  assert.equal(growing.judge(round, 1, 100, true), undefined);
  assert.equal(growing.judge(round, 2, 100, true), "stalled");
  const flat = new StartWatch();
  flat.judge(round, 1, 100, false);
  assert.equal(flat.judge(round, 1, 100, true), "stalled");
});

test("hasGrown() compares with the last round in which it had", () => {
  const watch = new StartWatch();
  assert.equal(watch.hasGrown(1), true);
  watch.judge(round, 1, 100, false);
  assert.equal(watch.hasGrown(1.24), false);
  assert.equal(watch.hasGrown(1.25), true);
});
