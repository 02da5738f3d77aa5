import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { type AckCopies, AckPolicy } from "../../src/mux/ack_policy.ts";

const COPIES: AckCopies = { ackRepeats: 4, ackEchoes: 1 };

/** Takes an acknowledgement that is due; returns its entries. */
function take(
  policy: AckPolicy,
  now: number,
  lowestMissing = 0,
  copies: Partial<AckCopies> = {},
): readonly number[] {
  assert.equal(policy.isDue, true);
  return policy.takeEntries(lowestMissing, { ...COPIES, ...copies }, now);
}

/** Lets time pass until the next acknowledgement is due; returns when that is. */
function nextDue(policy: AckPolicy): number {
  const at = policy.deadline;
  if (at === Infinity) return at;
  policy.handleTimeout(at - 0.001);
  assert.equal(policy.isDue, false);
  policy.handleTimeout(at);
  assert.equal(policy.isDue, true);
  assert.equal(policy.deadline, Infinity);
  return at;
}

test("AckPolicy acknowledges the first segment after a pause at once", () => {
  const policy = new AckPolicy();
  assert.equal(policy.isDue, false);
  policy.onSegment(0, false, 100);
  take(policy, 100);
  policy.onSegment(1, false, 104.9);
  assert.equal(policy.isDue, false);
  assert.equal(nextDue(policy), 105);
  take(policy, 105);
  policy.onSegment(2, false, 200);
  take(policy, 200);
});

test("AckPolicy acknowledges every 16 segments, or 5 ms after the last acknowledgement", () => {
  const policy = new AckPolicy();
  policy.onSegment(0, false, 0);
  take(policy, 0);
  for (let i = 1; i <= 15; i++) policy.onSegment(i, false, i / 10);
  assert.equal(policy.isDue, false);
  assert.equal(policy.deadline, 5);
  policy.onSegment(16, false, 1.6);
  assert.equal(policy.isDue, true);
  take(policy, 1.6);
  policy.onSegment(17, false, 3);
  assert.equal(nextDue(policy), 6.6);
});

test("AckPolicy counts a segment that came before, too", () => {
  const policy = new AckPolicy();
  policy.onSegment(0, false, 0);
  take(policy, 0);
  for (let i = 0; i < 16; i++) policy.onSegment(0, false, 1);
  assert.equal(policy.isDue, true);
});

test("AckPolicy repeats the last acknowledgement once, 20 ms later, when nothing more comes", () => {
  const policy = new AckPolicy();
  policy.onSegment(3, true, 0);
  assert.deepEqual(take(policy, 0), [3]);
  assert.equal(nextDue(policy), 20);
  assert.deepEqual(take(policy, 20), [3]);
  assert.equal(policy.deadline, Infinity);
});

test("an acknowledgement that nothing follows is repeated as often as is asked for, 20 ms apart", () => {
  for (const ackEchoes of [1, 3, 10]) {
    const policy = new AckPolicy();
    policy.onSegment(3, true, 0);
    const times: number[] = [];
    for (let now = 0; now < Infinity; now = nextDue(policy)) {
      times.push(now);
      assert.deepEqual(take(policy, now, 0, { ackEchoes, ackRepeats: 12 }), [3]);
    }
    assert.deepEqual(times, Array.from({ length: ackEchoes + 1 }, (_, i) => 20 * i));
  }
});

test("what is asked for meanwhile is one of the repetitions, and the next segment begins anew", () => {
  const policy = new AckPolicy();
  policy.onSegment(0, false, 0);
  take(policy, 0, 0, { ackEchoes: 3 });
  policy.request();
  take(policy, 10, 0, { ackEchoes: 3 });
  assert.equal(policy.deadline, 30);
  policy.onSegment(1, false, 12);
  assert.equal(nextDue(policy), 15);
  take(policy, 15, 0, { ackEchoes: 1 });
  assert.equal(nextDue(policy), 35);
  take(policy, 35, 0, { ackEchoes: 1 });
  assert.equal(policy.deadline, Infinity);
});

test("takeEntries() lists what lies above the lowest missing segment, newest first", () => {
  const policy = new AckPolicy();
  for (const sequence of [1, 9, 4, 7]) policy.onSegment(sequence, true, 0);
  assert.deepEqual(take(policy, 0, 5), [7, 9]);
});

test("takeEntries() repeats the entries of so many earlier acknowledgements", () => {
  const policy = new AckPolicy();
  const lists: (readonly number[])[] = [];
  for (let i = 1; i <= 6; i++) {
    policy.onSegment(i, true, 10 * i);
    lists.push(take(policy, 10 * i, 0, { ackRepeats: 2 }));
  }
  assert.deepEqual(lists, [[1], [2, 1], [3, 2, 1], [4, 3, 2], [5, 4, 3], [6, 5, 4]]);
});

test("takeEntries() gives 150 entries at the most, the newest", () => {
  const policy = new AckPolicy();
  for (let i = 1; i <= 1_000; i++) policy.onSegment(i, true, 0);
  const entries = take(policy, 0, 0, { ackRepeats: 12 });
  assert.deepEqual(entries, Array.from({ length: 150 }, (_, i) => 1_000 - i));
});

test("request() asks for one at once", () => {
  const policy = new AckPolicy();
  policy.request();
  assert.deepEqual(take(policy, 0), []);
  assert.equal(policy.deadline, Infinity);
});

test("conclude() acknowledges what has come at once, and nothing when nothing has", () => {
  const policy = new AckPolicy();
  policy.conclude();
  assert.equal(policy.isDue, false);
  policy.onSegment(0, false, 0);
  take(policy, 0);
  policy.conclude();
  assert.equal(policy.isDue, false);
  policy.onSegment(1, false, 1);
  policy.conclude();
  assert.equal(policy.isDue, true);
});

test("AckPolicy never waits for a time that has passed, for any order of events", () => {
  const step = fc.record({ gap: fc.nat(30), segments: fc.nat(20), isAhead: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
    const policy = new AckPolicy();
    let now = 0;
    let waiting = 0;
    for (const { gap, segments, isAhead } of steps) {
      now += gap;
      policy.handleTimeout(now);
      for (let i = 0; i < segments; i++) policy.onSegment(i, isAhead, now);
      waiting += segments;
      if (policy.isDue) {
        policy.takeEntries(0, COPIES, now);
        waiting = 0;
      }
      assert.ok(policy.deadline > now);
      assert.ok(waiting < 16);
      assert.ok(waiting === 0 || policy.deadline <= now + 5);
    }
  }));
});
