import { test } from "node:test";
import assert from "node:assert/strict";
import type { RateMeter } from "../../src/net/rate_meter.ts";
import { RateTrial } from "../../src/net/rate_trial.ts";

/** Runs a trial against 10 Mbit/s at 30 ms; tells the verdict and when it came. */
function run(isUdp: boolean, rateAt: (at: number) => number, rtt = 30) {
  const trial = new RateTrial(isUdp, 10, rtt, 0);
  let now = 0;
  const meter = {
    rateSince(from: number) {
      let sum = 0;
      let count = 0;
      for (let at = from; at < now; at += 10, count++) sum += rateAt(at);
      return count === 0 ? undefined : sum / count;
    },
  } as RateMeter;
  for (;;) {
    const verdict = trial.judge(meter, now);
    if (verdict !== "running") return { verdict, now };
    now += 100;
  }
}

test("RateTrial lets TCP win by half as much again, and UDP by a little less", () => {
  assert.equal(run(false, () => 15.1).verdict, "won");
  assert.equal(run(false, () => 14.9).verdict, "lost");
  assert.equal(run(true, () => 8.1).verdict, "won");
  assert.equal(run(true, () => 7.9).verdict, "lost");
});

test("RateTrial lasts a second, or eight round trips up to 2.5 s; TCP may win in half of it", () => {
  for (const [rtt, time] of [[30, 1_000], [200, 1_600], [900, 2_500]] as const) {
    assert.deepEqual(run(true, () => 20, rtt), { verdict: "won", now: time });
    const half = Math.ceil(time / 200) * 100;
    assert.deepEqual(run(false, () => 20, rtt), { verdict: "won", now: half });
    assert.deepEqual(run(false, () => 12, rtt), { verdict: "lost", now: time });
  }
});

test("RateTrial ends in the middle when the rate is clearly less", () => {
  assert.deepEqual(run(false, () => 4), { verdict: "lost", now: 500 });
  assert.deepEqual(run(true, () => 4), { verdict: "lost", now: 500 });
});

test("RateTrial takes the best third of TCP, and the second half of UDP", () => {
  const beginsWell = (at: number) => at < 400 ? 20 : 6;
  assert.equal(run(false, beginsWell).verdict, "won");
  assert.equal(run(true, beginsWell).verdict, "lost");
  const endsWell = (at: number) => at < 500 ? 6 : 20;
  assert.equal(run(false, endsWell).verdict, "won");
  assert.equal(run(true, endsWell).verdict, "won");
});

test("RateTrial is not misled by TCP that stands still, and then brings all at once", () => {
  const standsStill = (at: number) => at < 400 ? 10 : at < 700 ? 5.5 : 20;
  assert.equal(run(false, (at) => at < 300 ? 13 : standsStill(at)).verdict, "lost");
});
