import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Pacer } from "../../src/mux/pacer.ts";
import { FixedCongestion } from "../support/fixed_congestion.ts";

/** Sends as much as may leave now; returns how many. */
function burst(pacer: Pacer, now: number, inFlight = 1): number {
  let count = 0;
  while (pacer.mayTransmit(inFlight, now) && count < 10_000) {
    pacer.onSent();
    count++;
  }
  return count;
}

test("mayTransmit() lets no more segments be in flight than the window allows", () => {
  const congestion = new FixedCongestion(5.9);
  const pacer = new Pacer(congestion, 0);
  assert.equal(pacer.mayTransmit(4, 0), true);
  assert.equal(pacer.mayTransmit(5, 0), false);
  assert.equal(pacer.deadline(5), Infinity);
  congestion.window = 6;
  assert.equal(pacer.mayTransmit(5, 0), true);
});

test("mayTransmit() spreads segments over time, at the rate of the controller", () => {
  const pacer = new Pacer(new FixedCongestion(1_000, 0.5), 0);
  burst(pacer, 0);
  const times: number[] = [];
  for (let now = 0; times.length < 10; now = pacer.deadline(1)) {
    if (burst(pacer, now) === 1) times.push(now);
  }
  times.forEach((time, i) => assert.ok(Math.abs(time - 2 * (i + 1)) < 1e-3, `${times}`));
});

test("mayTransmit() lets 10 packets leave at once when nothing is in flight", () => {
  const pacer = new Pacer(new FixedCongestion(1_000, 0.001), 0);
  assert.equal(burst(pacer, 0, 1), 10);
  assert.equal(burst(pacer, 1, 1), 0);
  assert.equal(pacer.mayTransmit(0, 1), true);
  assert.equal(burst(pacer, 1, 1), 10);
});

test("mayTransmit() makes up for a pause of 10 ms, for 2 packets at least and 64 at the most", () => {
  for (const [rate, most] of [[0.1, 2], [1, 10], [4, 40], [20, 64]] as const) {
    const pacer = new Pacer(new FixedCongestion(1_000, rate), 0);
    burst(pacer, 0);
    assert.equal(burst(pacer, 1_000), most, `rate ${rate}`);
  }
});

test("deadline() is when mayTransmit() turns true by the passing of time alone", () => {
  const pacer = new Pacer(new FixedCongestion(1_000, 0.25), 0);
  burst(pacer, 0);
  const at = pacer.deadline(1);
  assert.equal(at, 4);
  assert.equal(pacer.mayTransmit(1, 3.9), false);
  assert.equal(pacer.mayTransmit(1, at), true);
});

test("deadline() always lies in the future while nothing may leave, at any time and any rate", () => {
  const step = fc.tuple(
    fc.double({ min: 1e-4, max: 1e6, noNaN: true }),
    fc.double({ min: 0, max: 5, noNaN: true }),
  );
  const start = fc.double({ min: 0, max: 1e12, noNaN: true });
  fc.assert(
    fc.property(start, fc.array(step, { minLength: 1, maxLength: 40 }), (at, steps) => {
      const congestion = new FixedCongestion(1e9, 1);
      let now = at;
      const pacer = new Pacer(congestion, now);
      for (const [rate, gap] of steps) {
        congestion.pacingRate = rate;
        now += gap;
        burst(pacer, now);
        let waits = 0;
        while (!pacer.mayTransmit(1, now)) {
          const next = pacer.deadline(1);
          assert.ok(next > now, `${next} after ${now}`);
          now = next;
          assert.ok(++waits < 4, `${waits} waits at ${now}`);
        }
      }
    }),
  );
});

test("Pacer survives a controller that says anything of its rate: without bound, none, or no number", () => {
  for (const [rate, leavesAtOnce] of [[Infinity, true], [0, false], [NaN, false]] as const) {
    const congestion = new FixedCongestion(1_000, 1);
    const pacer = new Pacer(congestion, 0);
    burst(pacer, 0);
    congestion.pacingRate = rate;
    for (const now of [1, 1, 2]) {
      assert.equal(pacer.mayTransmit(1, now), leavesAtOnce, `rate ${rate} at ${now}`);
      assert.ok(pacer.deadline(1) < Infinity);
    }
  }
});
