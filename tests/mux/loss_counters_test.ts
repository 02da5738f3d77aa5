import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { LossCounters } from "../../src/mux/loss_counters.ts";

/** How many of so many found losses the counters confirm. */
function confirmed(counters: LossCounters, found: number, round = 1): number {
  let count = 0;
  for (let i = 0; i < found; i++) if (counters.confirm(round)) count++;
  return count;
}

/** Reports of 100 frames each of which so many arrived. */
function reports(counters: LossCounters, received: readonly number[], from = 0): number {
  let [highest, total] = [100 * from - 1, counters.total];
  for (const count of received) counters.update(highest += 100, total += count);
  return highest;
}

test("LossCounters knows nothing before the first report", () => {
  const counters = new LossCounters();
  assert.deepEqual([counters.highest, counters.total, counters.lossRate], [-1, 0, 0]);
  assert.equal(counters.confirm(1), false);
});

test("start() asks nothing of frames that were sent before anybody counted", () => {
  const counters = new LossCounters();
  counters.start(1_000);
  counters.update(700, 500);
  counters.update(1_009, 508);
  assert.deepEqual([counters.highest, counters.total], [1_009, 508]);
  assert.equal(confirmed(counters, 10), 2);
  assert.ok(counters.lossRate < 0.01, `${counters.lossRate}`);
});

test("update() never goes back when reports come out of order", () => {
  const report = fc.tuple(fc.nat(1_000), fc.nat(1_001));
  fc.assert(fc.property(fc.array(report, { maxLength: 50 }), (list) => {
    const counters = new LossCounters();
    let [highest, total] = [-1, 0];
    for (const [h, t] of list) {
      counters.update(h, t);
      highest = Math.max(highest, h);
      total = Math.max(total, t);
      assert.deepEqual([counters.highest, counters.total], [highest, total]);
      assert.ok(counters.lossRate >= 0 && counters.lossRate <= 1);
    }
  }));
});

test("confirm() believes that a segment is lost only as far as the counters miss something", () => {
  const counters = new LossCounters();
  counters.update(9, 7);
  assert.equal(confirmed(counters, 5), 3);
  counters.update(19, 17);
  assert.equal(confirmed(counters, 5), 0);
  counters.update(29, 26);
  assert.equal(confirmed(counters, 5), 1);
});

test("confirm() takes no frame for missing that has come late", () => {
  const counters = new LossCounters();
  counters.update(9, 7);
  counters.update(9, 9);
  assert.equal(confirmed(counters, 5), 1);
});

test("onRound() lets go of what was missing before the round and not found lost in it", () => {
  const counters = new LossCounters();
  counters.update(99, 90);
  counters.onRound();
  counters.update(199, 187);
  counters.onRound();
  assert.equal(confirmed(counters, 100, 3), 3);
  counters.update(299, 280);
  counters.onRound();
  counters.onRound();
  assert.equal(confirmed(counters, 100, 5), 0);
});

test("lossRate follows the loss of the last few hundred frames", () => {
  const counters = new LossCounters();
  const highest = reports(counters, Array(20).fill(80));
  assert.ok(Math.abs(counters.lossRate - 0.2) < 0.001, `${counters.lossRate}`);
  reports(counters, Array(3).fill(100), (highest + 1) / 100);
  assert.ok(counters.lossRate > 0.01 && counters.lossRate < 0.07, `${counters.lossRate}`);
  assert.equal(new LossCounters().update(999, 500), false);
});

test("ackRepeats is the longest run of lost frames seen lately and two more, 4 to 12", () => {
  const counters = new LossCounters();
  assert.equal(counters.ackRepeats, 4);
  for (const [lost, repeats] of [[1, 4], [2, 4], [3, 5], [7, 9], [9, 11], [10, 12], [90, 12]]) {
    const fresh = new LossCounters();
    fresh.update(99, 100 - lost!);
    assert.equal(fresh.ackRepeats, repeats, `${lost} lost`);
  }
});

test("ackRepeats fades by one for every 100 frames, however long the run was", () => {
  const counters = new LossCounters();
  counters.update(9_999, 5_000);
  assert.equal(counters.ackRepeats, 12);
  let [highest, total] = [9_999, 5_000];
  const seen: number[] = [];
  for (let i = 0; i < 1_500; i++) {
    counters.update(++highest, ++total);
    if (i % 101 === 100) seen.push(counters.ackRepeats);
  }
  assert.deepEqual(seen.slice(0, 12), [12, 12, 11, 10, 9, 8, 7, 6, 5, 4, 4, 4]);
});

test("update() tells when all losses that were confirmed lately turn out to have been late arrivals", () => {
  const counters = new LossCounters();
  counters.update(9, 7);
  assert.equal(confirmed(counters, 3), 3);
  assert.equal(counters.update(9, 9), false);
  assert.equal(counters.update(9, 10), true);
  assert.equal(counters.update(10, 11), false);
});

test("update() tells nothing of losses that were confirmed two rounds ago", () => {
  const counters = new LossCounters();
  counters.update(9, 7);
  confirmed(counters, 3, 1);
  counters.update(19, 16);
  confirmed(counters, 1, 3);
  assert.equal(counters.update(19, 17), true);
});

test("lossRate falls again when frames turn out to have been late", () => {
  const counters = new LossCounters();
  counters.update(99, 100);
  counters.update(199, 190);
  assert.ok(counters.lossRate > 0.03);
  counters.update(199, 200);
  assert.equal(counters.lossRate, 0);
});

test("ackEchoes is one below a third of loss, and such that an acknowledgement is lost in one case of ten, to 10", () => {
  assert.equal(new LossCounters().ackEchoes, 1);
  const cases = [[0, 1], [0.2, 1], [0.3, 1], [0.33, 2], [0.5, 3], [0.6, 4], [0.75, 8], [0.9, 10], [
    1,
    10,
  ]];
  for (const [loss, echoes] of cases) {
    const counters = new LossCounters();
    counters.update(9_999, Math.round(10_000 * (1 - loss!)));
    assert.ok(Math.abs(counters.lossRate - loss!) < 1e-3);
    assert.equal(counters.ackEchoes, echoes, `${loss}`);
  }
});
