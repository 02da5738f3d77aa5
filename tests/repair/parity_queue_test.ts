import assert from "node:assert/strict";
import { test } from "node:test";
import { ParityQueue, type PlannedParity } from "../../src/repair/parity_queue.ts";

function planned(dueAt: number, gap = 2): PlannedParity {
  return { runStart: dueAt, dataCount: 1, parityCount: 1, parityIndex: 0, dueAt, gap };
}

test("ParityQueue.pop() gives frames in the order of their instants, none before its own", () => {
  const queue = new ParityQueue();
  for (const dueAt of [30, 10, 20]) queue.push(planned(dueAt));
  assert.equal(queue.deadline, 10);
  assert.equal(queue.pop(9), undefined);
  assert.deepEqual([queue.pop(10), queue.pop(20), queue.pop(30)].map((each) => each?.dueAt), [
    10,
    20,
    30,
  ]);
  assert.equal(queue.deadline, Infinity);
});

test("ParityQueue.pop() keeps frames apart that a late timer would send at once", () => {
  const queue = new ParityQueue();
  for (const dueAt of [10, 10.2, 10.4]) queue.push(planned(dueAt, 0.4));
  assert.equal(queue.pop(10.5)?.dueAt, 10);
  assert.equal(queue.pop(10.5), undefined);
  assert.equal(queue.deadline, 10.7);
  assert.equal(queue.pop(10.7)?.dueAt, 10.2);
});

test("ParityQueue.pop() lets frames go that are later than timers are coarse", () => {
  const queue = new ParityQueue();
  for (const dueAt of [10, 12, 14]) queue.push(planned(dueAt));
  assert.equal(queue.pop(15)?.dueAt, 10);
  assert.equal(queue.pop(15)?.dueAt, 12);
  assert.equal(queue.pop(15)?.dueAt, 14);
});

test("ParityQueue.pop() drops what comes too late: the event loop has stood still", () => {
  const queue = new ParityQueue();
  for (const dueAt of [10, 20, 400]) queue.push(planned(dueAt));
  assert.equal(queue.pop(450)?.dueAt, 400);
  assert.equal(queue.dropped, 2);
});

test("ParityQueue drops what is too much, and counts it", () => {
  const queue = new ParityQueue();
  for (let i = 0; i < 1000; i++) queue.push(planned(i));
  assert.equal(queue.length + queue.dropped, 1000);
  assert.ok(queue.length <= 128);
});
