import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { DeadlineHeap } from "../../src/mux/deadline_heap.ts";

test("takeDue() takes out all whose time has come, the earliest first, and nobody else", () => {
  const heap = new DeadlineHeap<string>();
  heap.set("c", 30);
  heap.set("a", 10);
  heap.set("b", 20);
  assert.equal(heap.deadline, 10);
  assert.deepEqual(heap.takeDue(9), []);
  assert.deepEqual(heap.takeDue(20), ["a", "b"]);
  assert.equal(heap.deadline, 30);
  heap.set("c", Infinity);
  assert.equal(heap.deadline, Infinity);
  assert.deepEqual(heap.takeDue(100), []);
});

test("set() to a later time leaves the call where it stands: it comes early, once", () => {
  const heap = new DeadlineHeap<string>();
  heap.set("a", 10);
  heap.set("a", 50);
  assert.equal(heap.deadline, 10);
  assert.deepEqual(heap.takeDue(10), ["a"]);
  heap.set("a", 50);
  assert.equal(heap.deadline, 50);
});

test("DeadlineHeap is never late, and tells nobody twice, for any order of calls", () => {
  const steps = fc.array(
    fc.tuple(fc.nat(20), fc.oneof(fc.nat(100), fc.constant(Infinity)), fc.nat(5)),
    { maxLength: 300 },
  );
  fc.assert(fc.property(steps, (calls) => {
    const heap = new DeadlineHeap<number>();
    const wanted = new Map<number, number>();
    let now = 0;
    for (const [item, delay, passed] of calls) {
      heap.set(item, now + delay);
      if (delay === Infinity) wanted.delete(item);
      else wanted.set(item, now + delay);
      now += passed;
      const due = heap.takeDue(now);
      assert.equal(new Set(due).size, due.length);
      for (const [each, at] of wanted) if (at <= now) assert.ok(due.includes(each), `${each}`);
      for (const each of due) {
        const at = wanted.get(each);
        assert.ok(at !== undefined, "who wants no call is not called");
        if (at > now) heap.set(each, at);
        else wanted.delete(each);
      }
      assert.ok(heap.deadline <= Math.min(Infinity, ...wanted.values()));
      if (wanted.size === 0) assert.equal(heap.deadline, Infinity);
    }
  }));
});

test("DeadlineHeap costs the logarithm of how many wait: 1,024 streams, 100,000 alarms", () => {
  let compared = 0;
  /** A time that counts how often it is looked at. */
  const time = (at: number): number => {
    const counted = { valueOf: () => (compared++, at) };
    // What is compared are numbers to the heap; only this test knows more.
    return counted as unknown as number;
  };
  const heap = new DeadlineHeap<number>();
  for (let i = 0; i < 1_024; i++) heap.set(i, time(i));
  compared = 0;
  let calls = 0;
  for (let now = 0; calls < 100_000; now++) {
    for (const item of heap.takeDue(now)) {
      heap.set(item, time(now + 1_024));
      calls++;
    }
  }
  assert.ok(compared / calls < 8 * 10, `${compared / calls} looks a call`);
});
