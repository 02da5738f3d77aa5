import { test } from "node:test";
import assert from "node:assert/strict";
import { RoomProbe } from "../../src/mux/room_probe.ts";

/** The times at which it asks, each question being sent at once. */
function questions(probe: RoomProbe, count: number): number[] {
  const times: number[] = [];
  while (times.length < count) {
    const now = probe.deadline;
    probe.handleTimeout(now - 0.001);
    assert.equal(probe.isDue, false);
    probe.handleTimeout(now);
    assert.equal(probe.isDue, true);
    assert.equal(probe.deadline, Infinity);
    probe.onSent(now);
    assert.equal(probe.isDue, false);
    times.push(now);
  }
  return times;
}

test("RoomProbe asks after 200 ms, and again with doubled waits, up to 2 s", () => {
  const probe = new RoomProbe();
  assert.equal(probe.isActive, false);
  probe.start(20, 1_000);
  assert.equal(probe.isActive, true);
  const waits = [200, 200, 400, 800, 1_600, 2_000, 2_000];
  let at = 1_000;
  assert.deepEqual(questions(probe, 7), waits.map((wait) => at += wait));
});

test("RoomProbe asks after two round trips on a long path", () => {
  const probe = new RoomProbe();
  probe.start(300, 0);
  assert.deepEqual(questions(probe, 1), [600]);
});

test("start() does not begin again while the reader is still full", () => {
  const probe = new RoomProbe();
  probe.start(20, 0);
  probe.start(20, 100);
  assert.equal(probe.deadline, 200);
});

test("stop() asks no more, and start() begins anew after it", () => {
  const probe = new RoomProbe();
  probe.start(20, 0);
  questions(probe, 4);
  probe.stop();
  assert.equal(probe.isActive, false);
  assert.equal(probe.deadline, Infinity);
  probe.onSent(5_000);
  probe.handleTimeout(10_000);
  assert.equal(probe.isDue, false);
  probe.start(20, 10_000);
  assert.equal(probe.deadline, 10_200);
});
