import assert from "node:assert/strict";
import { test } from "node:test";
import { SettledLoss } from "../../src/repair/settled_loss.ts";
import { seededFraction } from "../support/seeded_random.ts";

/** Reports on a path, and what they add up to. */
function settledOf(
  { seed, interval, frames, loss, reordered }: {
    readonly seed: number;
    readonly interval: number;
    readonly frames: number;
    readonly loss: number;
    readonly reordered: number;
  },
) {
  const draw = seededFraction(seed);
  const arrivals: { at: number; frame: number }[] = [];
  let lostInTruth = 0;
  for (let frame = 0; frame < frames; frame++) {
    if (draw() < loss) lostInTruth++;
    else {
      const late = draw() < reordered ? Math.floor(50 * draw()) : 0;
      arrivals.push({ at: (frame + late) * interval, frame });
    }
  }
  arrivals.sort((a, b) => a.at - b.at);
  const settled = new SettledLoss();
  let [highest, total, next, settledFrames, settledLost] = [-1, 0, 0, 0, 0];
  for (let now = 20; now < frames * interval; now += 20) {
    for (; next < arrivals.length && arrivals[next]!.at <= now; next++) {
      highest = Math.max(highest, arrivals[next]!.frame);
      total++;
    }
    const found = total > 0 ? settled.update(highest, total, now) : undefined;
    settledFrames += found?.frames ?? 0;
    settledLost += found?.lost ?? 0;
  }
  return { settled, rate: settledLost / settledFrames, truth: lostInTruth / frames };
}

test("SettledLoss settles each report at once on a path that keeps order", () => {
  const settled = new SettledLoss();
  assert.deepEqual(settled.update(9, 10, 0), { highest: 9, frames: 10, lost: 0 });
  assert.deepEqual(settled.update(19, 17, 20), { highest: 19, frames: 10, lost: 3 });
  assert.equal(settled.hold, 0);
});

test("SettledLoss ignores a report that is older than one before", () => {
  const settled = new SettledLoss();
  settled.update(19, 20, 0);
  assert.equal(settled.update(9, 10, 5), undefined);
  assert.equal(settled.update(25, 19, 5), undefined);
});

test("SettledLoss takes back what turns up late, and holds reports from then on", () => {
  const settled = new SettledLoss();
  settled.update(9, 10, 0);
  assert.equal(settled.update(19, 17, 20)?.lost, 3);
  assert.equal(settled.update(29, 30, 40)?.lost, -3);
  assert.ok(settled.hold > 0);
});

test("SettledLoss reads less than 0.5 % where nothing is lost and 20 % come up to 50 frames late", () => {
  for (const [seed, interval] of [[1, 1], [2, 10], [3, 20]] as const) {
    const { rate } = settledOf({ seed, interval, frames: 5000, loss: 0, reordered: 0.2 });
    assert.ok(rate < 0.005, `seed ${seed}: ${rate}`);
  }
});

test("SettledLoss reads the true loss where frames are reordered as well", () => {
  for (const [seed, loss] of [[1, 0.05], [2, 0.3]] as const) {
    const { rate, truth } = settledOf({ seed, interval: 1, frames: 20_000, loss, reordered: 0.2 });
    assert.ok(Math.abs(rate - truth) < 0.03 * truth, `seed ${seed}: ${rate} is not ${truth}`);
  }
});

test("SettledLoss gives the hold up when nothing has come late for long", () => {
  const settled = new SettledLoss();
  settled.update(9, 10, 0);
  settled.update(19, 17, 20);
  settled.update(29, 30, 40);
  let highest = 29;
  for (let now = 60; now < 120_000; now += 20) settled.update(++highest, highest + 1, now);
  assert.equal(settled.hold, 0);
});
