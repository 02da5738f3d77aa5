import { test } from "node:test";
import assert from "node:assert/strict";
import { RstTimer } from "../../src/mux/rst_timer.ts";

/** Sends for as long as it wants to, up to so many times; returns when. */
function times(timer: RstTimer, now: number, most: number, provenAt: number): number[] {
  const sent: number[] = [];
  while (sent.length < most) {
    sent.push(now);
    timer.onSent(now);
    assert.equal(timer.handleTimeout(provenAt, timer.deadline - 0.001), "wait");
    now = timer.deadline;
    if (timer.handleTimeout(provenAt, now) === "giveUp") break;
    assert.equal(timer.deadline, Infinity);
  }
  return sent;
}

test("RstTimer sends a Rst five times at the most, with doubled waits, while the path carries", () => {
  assert.deepEqual(times(new RstTimer(100), 0, 100, Infinity), [0, 100, 300, 700, 1_500]);
});

test("RstTimer repeats a Rst slowly while nothing arrives that was sent after it", () => {
  const expected = [0, 100, 300, 700, 1_500, 3_100, 6_300, 11_300, 16_300];
  assert.deepEqual(times(new RstTimer(100), 0, 9, -Infinity), expected);
});

test("RstTimer begins anew when the path carries again", () => {
  const timer = new RstTimer(100);
  times(timer, 0, 8, -Infinity);
  const expected = [16_300, 21_300, 21_400, 21_600, 22_000, 22_800];
  assert.deepEqual(times(timer, 16_300, 100, Infinity), expected);
});

test("RstTimer takes the path for carrying when anything has arrived since the last but one", () => {
  for (const [provenAt, most] of [[700, 5], [699, 6]] as const) {
    assert.equal(times(new RstTimer(100), 0, 6, provenAt).length, most);
  }
});
