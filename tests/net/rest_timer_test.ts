import { test } from "node:test";
import assert from "node:assert/strict";
import { RestTimer } from "../../src/net/rest_timer.ts";

test("RestTimer notices once that nothing has been said or heard for 30 s", () => {
  const timer = new RestTimer(0);
  assert.equal(timer.handleTimeout(29_999), false);
  timer.onUse(20_000);
  assert.equal(timer.deadline, 50_000);
  assert.equal(timer.handleTimeout(49_999), false);
  assert.equal(timer.handleTimeout(50_000), true);
  assert.equal(timer.deadline, Infinity);
  assert.equal(timer.handleTimeout(100_000), false);
  timer.onUse(100_000);
  assert.equal(timer.handleTimeout(130_000), true);
});
