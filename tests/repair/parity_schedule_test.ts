import assert from "node:assert/strict";
import { test } from "node:test";
import { ParitySchedule } from "../../src/repair/parity_schedule.ts";

const MIX = { low: 1, high: 2, share: 0.25, mean: 1.25 };

function popAll(schedule: ParitySchedule) {
  const all = [];
  while (schedule.deadline < Infinity) {
    const next = schedule.pop(schedule.deadline);
    if (next !== undefined) all.push(next);
  }
  return all;
}

test("ParitySchedule.addRun() takes the larger count as often as the mix says, evenly", () => {
  const schedule = new ParitySchedule();
  const counts = Array.from({ length: 12 }, (_, i) => {
    schedule.addRun({ start: 2 * i, count: 2 }, MIX, 100 * i, () => 2);
    return popAll(schedule).length;
  });
  assert.deepEqual(counts, [1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2]);
});

test("ParitySchedule.addRun() spaces the parity of a run, the first as well", () => {
  const schedule = new ParitySchedule();
  schedule.addRun({ start: 7, count: 3 }, { low: 3, high: 3, share: 0, mean: 3 }, 50, () => 1.5);
  const all = popAll(schedule);
  assert.deepEqual(all.map(({ dueAt }) => dueAt), [51.5, 53, 54.5]);
  assert.deepEqual(all.map(({ parityIndex }) => parityIndex), [0, 1, 2]);
  assert.ok(all.every((each) => each.runStart === 7 && each.dataCount === 3));
  assert.ok(all.every((each) => each.parityCount === 3));
});

test("ParitySchedule.addToWindow() sends the level's worth of parity, no two of one number", () => {
  const schedule = new ParitySchedule();
  const all = Array.from({ length: 100 }, (_, frame) => {
    schedule.addToWindow({ start: frame, count: 8 }, 1.5, frame);
    return popAll(schedule);
  }).flat();
  assert.equal(all.length, 150);
  assert.ok(all.every(({ parityIndex, parityCount }) => parityIndex < parityCount));
  const equations = all.map(({ runStart, parityIndex }) => `${runStart}/${parityIndex}`);
  assert.equal(new Set(equations).size, all.length);
});

test("ParitySchedule.share thins the parity out evenly", () => {
  const schedule = new ParitySchedule();
  schedule.share = 0.5;
  let sent = 0;
  for (let i = 0; i < 40; i++) {
    schedule.addRun(
      { start: i, count: 1 },
      { low: 1, high: 1, share: 0, mean: 1 },
      10 * i,
      () => 2,
    );
    sent += popAll(schedule).length;
  }
  assert.equal(sent, 20);
});
