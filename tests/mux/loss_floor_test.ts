import { test } from "node:test";
import assert from "node:assert/strict";
import { LossFloor } from "../../src/mux/loss_floor.ts";

/** A floor that was learnt from so many proven stretches. */
function learnt(rate: number, stretches = 50): LossFloor {
  const floor = new LossFloor();
  for (let i = 0; i < stretches; i++) floor.learn(rate * 200, 200, true);
  return floor;
}

function near(actual: number, expected: number, most: number): void {
  assert.ok(Math.abs(actual - expected) <= most, `${actual} is not ${expected}`);
}

test("LossFloor is 0 before anything was learnt", () => {
  const floor = new LossFloor();
  assert.equal(floor.rate, 0);
  assert.equal(floor.isKnown, false);
});

test("learn() takes the mean of the last 1,500 frames or so when it is proven", () => {
  const floor = learnt(0.1);
  near(floor.rate, 0.1, 1e-9);
  assert.equal(floor.isKnown, true);
  for (let i = 0; i < 40; i++) floor.learn(4, 200, true);
  near(floor.rate, 0.02, 0.002);
});

test("learn() follows at once downwards, and a tenth of the way upwards, when it is not proven", () => {
  const floor = learnt(0.05);
  floor.learn(0.25 * 1_500, 1_500, false);
  near(floor.rate, 0.07, 1e-9);
  const falling = learnt(0.05);
  falling.learn(0, 1_500, false);
  near(falling.rate, 0, 1e-9);
});

test("LossFloor is never above 40 %", () => {
  near(learnt(0.6).rate, 0.4, 1e-9);
});

test("isExcess() says whether more was lost than floor and chance explain, and six frames at least", () => {
  const floor = learnt(0.05);
  // 0.05 + 0.02 + 3 deviations of sqrt(4 x 0.05 x 0.95 / 400), or 0.135.
  assert.equal(floor.isExcess(53, 400), false);
  assert.equal(floor.isExcess(55, 400), true);
  assert.equal(floor.isExcess(55, 400, 0.01), false);
  const clean = new LossFloor();
  assert.equal(clean.isExcess(5, 10), false);
});

test("isExcessInUpperHalf() is stricter: three frames, and hardly anything above the floor", () => {
  const floor = learnt(0);
  assert.equal(floor.isExcess(8, 400), false);
  assert.equal(floor.isExcessInUpperHalf(8, 400), true);
  assert.equal(floor.isExcessInUpperHalf(2, 20), false);
});

test("learnExcess() moves the floor when it happens twice in a row, and not before", () => {
  const floor = learnt(0.01);
  floor.learnExcess(40, 200);
  near(floor.rate, 0.01, 1e-9);
  floor.learn(2, 200, true);
  floor.learnExcess(40, 200);
  near(floor.rate, 0.01, 1e-9);
  floor.learnExcess(60, 200);
  near(floor.rate, 0.25, 1e-9);
});

test("learnSlack() keeps the floor from being above what was lost while sending little", () => {
  const floor = learnt(0.2);
  for (let i = 0; i < 20; i++) floor.learnSlack(2, 200);
  assert.ok(floor.rate < 0.05, `${floor.rate}`);
});

test("learnTested() moves the floor to what stayed, or a tenth of the way when nothing is proven", () => {
  const proven = learnt(0.02);
  proven.learnTested(30, 100, true);
  near(proven.rate, 0.3, 1e-9);
  const unproven = learnt(0.02);
  unproven.learnTested(30, 100, false);
  near(unproven.rate, 0.048, 1e-9);
});

test("lower() brings the floor down, and never up", () => {
  const floor = learnt(0.2);
  floor.lower(0.02);
  near(floor.rate, 0.02, 1e-9);
  floor.lower(0.3);
  near(floor.rate, 0.02, 1e-9);
});

test("scatter() learns how much counts scatter, and so how far chance goes", () => {
  const even = learnt(0.05);
  const before = even.deviation(400);
  for (let i = 0; i < 100; i++) even.scatter(20, 400, true);
  near(even.deviation(400), before / 2, 1e-9);
  const bursty = learnt(0.05);
  for (let i = 0; i < 100; i++) bursty.scatter(i % 2 === 0 ? 60 : 0, 400, true);
  near(bursty.deviation(400), before * Math.SQRT2, 1e-9);
  const unproven = learnt(0.05);
  for (let i = 0; i < 100; i++) unproven.scatter(60, 400, false);
  near(unproven.deviation(400), before, 1e-9);
});
