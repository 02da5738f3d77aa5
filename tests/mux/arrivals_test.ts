import { test } from "node:test";
import assert from "node:assert/strict";
import { Arrivals } from "../../src/mux/arrivals.ts";
import { seededFraction } from "../support/seeded_random.ts";

test("onFrame() tells whether a frame is missing that was not missed before", () => {
  const arrivals = new Arrivals();
  const seen = [1_000, 1_001, 1_003, 1_002, 1_004, 1_007].map((frame) => arrivals.onFrame(frame));
  assert.deepEqual(seen, [false, false, true, false, false, true]);
});

test("lossRate is the loss of the last few hundred frames", () => {
  const arrivals = new Arrivals();
  const next = seededFraction(1);
  for (let frame = 0; frame < 5_000; frame++) if (next() >= 0.1) arrivals.onFrame(frame);
  assert.ok(Math.abs(arrivals.lossRate - 0.1) < 0.05, `${arrivals.lossRate}`);
});

test("lossRate takes late frames for none that were lost", () => {
  const arrivals = new Arrivals();
  for (let frame = 0; frame < 3_000; frame += 3) {
    for (const each of [frame + 2, frame, frame + 1]) arrivals.onFrame(each);
  }
  assert.ok(arrivals.lossRate < 0.01, `${arrivals.lossRate}`);
});
