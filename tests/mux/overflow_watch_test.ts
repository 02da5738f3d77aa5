import { test } from "node:test";
import assert from "node:assert/strict";
import { OverflowWatch } from "../../src/mux/overflow_watch.ts";

test("judge() takes for refused what exceeds the loss of acknowledgements", () => {
  const watch = new OverflowWatch();
  // 0.1 + 0.03 + 3 deviations of sqrt(16 x 0.1 x 0.9 / 1000), or 0.114.
  const refused = watch.judge(600, 400, 0.1);
  assert.ok(Math.abs(refused - (400 - 244)) <= 1, `${refused}`);
});

test("judge() takes nothing for refused that lost acknowledgements explain", () => {
  const watch = new OverflowWatch();
  for (let i = 0; i < 100; i++) assert.equal(watch.judge(180, 20, 0.1), 0);
  for (let i = 0; i < 100; i++) assert.equal(watch.judge(197, 3, 0), 0);
});

test("judge() waits for 128 segments, and forgets them when it has judged", () => {
  const watch = new OverflowWatch();
  assert.equal(watch.judge(0, 100, 0), 0);
  assert.ok(watch.judge(0, 28, 0) > 120);
  assert.equal(watch.judge(0, 100, 0), 0);
});

test("judge() remembers for a while that acknowledgements get lost, and then forgets it", () => {
  const watch = new OverflowWatch();
  watch.judge(128, 0, 0.05);
  // One acknowledgement with 32 entries, lost while the measured loss is 0 again.
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 7; j++) assert.equal(watch.judge(128, 0, 0), 0);
    assert.equal(watch.judge(96, 32, 0), 0);
  }
  for (let i = 0; i < 400; i++) assert.equal(watch.judge(128, 0, 0), 0);
  assert.ok(watch.judge(96, 32, 0) > 20);
});
