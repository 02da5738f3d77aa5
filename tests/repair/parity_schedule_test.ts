import assert from "node:assert/strict";
import { test } from "node:test";
import { ParitySchedule } from "../../src/repair/parity_schedule.ts";

const MIX = { low: 1, high: 2, share: 0.25, mean: 1.25 };

/** One that may send as much as it likes. */
function makeSchedule(): ParitySchedule {
  const schedule = new ParitySchedule(10);
  for (let i = 0; i < 20; i++) schedule.onFrameSent();
  return schedule;
}

function popAll(schedule: ParitySchedule) {
  const all = [];
  while (schedule.deadline < Infinity) {
    const next = schedule.pop(schedule.deadline);
    if (next !== undefined) all.push(next);
  }
  return all;
}

test("ParitySchedule.addRun() takes the larger count as often as the mix says, evenly", () => {
  const schedule = makeSchedule();
  const counts = Array.from({ length: 12 }, (_, i) => {
    schedule.addRun({ start: 2 * i, count: 2 }, MIX, 100 * i, () => 2);
    return popAll(schedule).length;
  });
  assert.deepEqual(counts, [1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2]);
});

test("ParitySchedule.addRun() spaces the parity of a run, the first as well", () => {
  const schedule = makeSchedule();
  schedule.addRun({ start: 7, count: 3 }, { low: 3, high: 3, share: 0, mean: 3 }, 50, () => 1.5);
  const all = popAll(schedule);
  assert.deepEqual(all.map(({ dueAt }) => dueAt), [51.5, 53, 54.5]);
  assert.deepEqual(all.map(({ parityIndex }) => parityIndex), [0, 1, 2]);
  assert.ok(all.every((each) => each.runStart === 7 && each.dataCount === 3));
  assert.ok(all.every((each) => each.parityCount === 3));
});

test("ParitySchedule.addToWindow() sends the level's worth of parity, no two of one number", () => {
  const schedule = makeSchedule();
  const all = Array.from({ length: 100 }, (_, frame) => {
    schedule.onFrameSent();
    schedule.addToWindow({ start: frame, count: 8 }, 1.5, frame);
    return popAll(schedule);
  }).flat();
  assert.equal(all.length, 150);
  assert.ok(all.every(({ parityIndex, parityCount }) => parityIndex < parityCount));
  const equations = all.map(({ runStart, parityIndex }) => `${runStart}/${parityIndex}`);
  assert.equal(new Set(equations).size, all.length);
});

test("ParitySchedule.share thins the parity out evenly", () => {
  const schedule = makeSchedule();
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

test("ParitySchedule sends no more than data frames have earned, whoever asks", () => {
  const schedule = new ParitySchedule(0.25);
  let sent = 0;
  for (let frame = 0; frame < 400; frame++) {
    schedule.onFrameSent();
    if (frame % 2 === 0) schedule.addToWindow({ start: frame, count: 1 }, 1.5, frame);
    else schedule.addRun({ start: frame, count: 1 }, MIX, frame, () => 0.1);
    sent += popAll(schedule).length;
  }
  assert.ok(sent === 99 || sent === 100, `${sent}`);
});
