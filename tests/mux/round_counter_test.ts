import { test } from "node:test";
import assert from "node:assert/strict";
import { RoundCounter } from "../../src/mux/round_counter.ts";

test("RoundCounter ends a round when a frame is reported that left after the last one began", () => {
  const rounds = new RoundCounter(0);
  assert.equal(rounds.onReported(3, 9, 50), true);
  assert.equal(rounds.onReported(9, 20, 99), false);
  assert.equal(rounds.onReported(10, 20, 100), true);
  assert.equal(rounds.onReported(20, 30, 150), false);
  assert.equal(rounds.onReported(21, 30, 150), true);
  assert.equal(rounds.number, 3);
});

test("RoundCounter ends no round before 10 ms", () => {
  const rounds = new RoundCounter(1_000);
  assert.equal(rounds.onReported(0, 1, 1_009.9), false);
  assert.equal(rounds.onReported(1, 2, 1_010), true);
  assert.equal(rounds.onReported(3, 4, 1_019), false);
  assert.equal(rounds.onReported(4, 5, 1_020), true);
  assert.equal(rounds.number, 2);
});
