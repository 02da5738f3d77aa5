import { test } from "node:test";
import assert from "node:assert/strict";
import { ServerClock } from "../../src/handshake/server_clock.ts";

const EPOCH_SECONDS = 1_700_000_000;

/** How an hour after the handshake each estimate differs from what the server's clock shows. */
function errors(
  { offset = 0, wallStep = 0, sleep = 0 }: { offset?: number; wallStep?: number; sleep?: number },
): number[] {
  const clock = new ServerClock(offset, EPOCH_SECONDS, 5_000);
  const elapsed = 3_600;
  const estimates = clock.estimates(
    EPOCH_SECONDS + elapsed + wallStep,
    5_000 + (elapsed - sleep) * 1_000,
  );
  return estimates.map((estimate) => Math.round(estimate - (EPOCH_SECONDS + offset + elapsed)));
}

test("ServerClock gives one estimate as long as the wall clock and the monotonic one agree", () => {
  for (const offset of [0, 17, -3_600, 14 * 3_600]) assert.deepEqual(errors({ offset }), [0]);
});

test("ServerClock follows the wall clock when the two differ by up to a minute: they drift", () => {
  assert.deepEqual(errors({ wallStep: 60 }), [60]);
  assert.deepEqual(errors({ wallStep: -60 }), [-60]);
  assert.equal(errors({ wallStep: 61 }).length, 2);
});

test("ServerClock: one of two estimates is right after the wall clock was set, to either side", () => {
  for (const offset of [0, -3_600, 1_020]) {
    for (const wallStep of [-14 * 3_600, -3_600, -61, 61, 3_600, -offset]) {
      assert.ok(errors({ offset, wallStep }).includes(0), `${offset} s, set by ${wallStep} s`);
    }
  }
});

test("ServerClock: one of two estimates is right after a sleep in which the monotonic clock stood still", () => {
  for (const sleep of [61, 600, 3_500]) assert.deepEqual(errors({ sleep }), [0, -sleep]);
});

test("ServerClock: a wall clock that fell behind was set, so that estimate comes second", () => {
  assert.deepEqual(errors({ wallStep: -3_600 }), [0, -3_600]);
});
