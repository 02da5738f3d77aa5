import { test } from "node:test";
import assert from "node:assert/strict";
import { VirtualClock } from "../../src/sim/clock.ts";
import { EventHeap } from "../../src/sim/event_heap.ts";
import { seededFraction } from "../support/seeded_random.ts";

test("VirtualClock runs events in the order of their times, equal times as they were added", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  for (const [n, at] of [30, 10, 20, 10, 0, 20].entries()) {
    clock.at(at, () => void ran.push(`${n} at ${clock.now}`));
  }
  clock.run(100);
  assert.deepEqual(ran, ["4 at 0", "1 at 10", "3 at 10", "2 at 20", "5 at 20", "0 at 30"]);
  assert.equal(clock.now, 100);
});

test("VirtualClock never runs anything synchronously, and a time in the past is now", () => {
  const clock = new VirtualClock();
  clock.run(50);
  let ranAt = -1;
  clock.at(20, () => void (ranAt = clock.now));
  assert.equal(ranAt, -1);
  assert.equal(clock.step(50), true);
  assert.equal(ranAt, 50);
  assert.equal(clock.step(60), false);
  assert.equal(clock.now, 60);
  assert.throws(() => clock.at(NaN, () => {}), new RangeError("time must be an instant, got NaN"));
});

test("VirtualClock takes back what is disposed of, and twice or afterwards is harmless", () => {
  const clock = new VirtualClock();
  const ran: number[] = [];
  const events = [1, 2, 3].map((at) => clock.at(at, () => void ran.push(at)));
  assert.equal(clock.pending, 3);
  events[1]![Symbol.dispose]();
  events[1]![Symbol.dispose]();
  assert.equal(clock.pending, 2);
  clock.run(10);
  events[0]![Symbol.dispose]();
  assert.deepEqual(ran, [1, 3]);
  assert.equal(clock.pending, 0);
});

test("VirtualClock goes on with events that an event asks for at its own time", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.at(5, () => {
    ran.push("first");
    clock.at(5, () => void ran.push("third"));
  });
  clock.at(5, () => void ran.push("second"));
  clock.run(5);
  assert.deepEqual(ran, ["first", "second", "third"]);
});

test("EventHeap gives the same order as a sort, whatever is taken back in between", () => {
  const next = seededFraction(9);
  const heap = new EventHeap();
  const expected: { at: number; order: number }[] = [];
  for (let i = 0; i < 5_000; i++) {
    const event = heap.add(Math.floor(next() * 300), () => {});
    if (next() < 0.6) event[Symbol.dispose]();
    else expected.push(event);
  }
  assert.equal(heap.size, expected.length);
  expected.sort((a, b) => a.at - b.at || a.order - b.order);
  for (const event of expected) {
    assert.equal(heap.first, event);
    heap.removeFirst();
  }
  assert.equal(heap.first, undefined);
});

test("EventHeap does not keep what was taken back for ever", () => {
  const heap = new EventHeap();
  heap.add(1, () => {});
  let most = 0;
  for (let i = 0; i < 100_000; i++) {
    heap.add(1e9 + i, () => {})[Symbol.dispose]();
    most = Math.max(most, heap.entries);
  }
  assert.ok(most <= 1_024, `${most}`);
  assert.equal(heap.first?.at, 1);
});
