import { test } from "node:test";
import assert from "node:assert/strict";
import { type LivenessEvent, LivenessMachine } from "../../src/mux/liveness.ts";

/** Runs the machine on virtual time until `until`, and returns what it asked for, with the time. */
function run(machine: LivenessMachine, until: number): [number, LivenessEvent["kind"]][] {
  const events: [number, LivenessEvent["kind"]][] = [];
  while (machine.deadline <= until) {
    const now = machine.deadline;
    machine.handleTimeout(now);
    for (let event = machine.pollEvent(); event; event = machine.pollEvent()) {
      events.push([now, event.kind]);
    }
  }
  return events;
}

test("LivenessMachine never declares an idle session dead", () => {
  const machine = new LivenessMachine(30_000);
  assert.equal(machine.deadline, Infinity);
  machine.onSent(0);
  machine.onHeard();
  assert.deepEqual(run(machine, 10 ** 9), []);
});

test("LivenessMachine probes after 1.5 s and every 3 s, and then declares the peer dead, once", () => {
  const machine = new LivenessMachine(10_000);
  machine.onSent(1_000);
  assert.deepEqual(run(machine, 10 ** 9), [
    [2_500, "probe"],
    [5_500, "probe"],
    [8_500, "probe"],
    [11_000, "dead"],
  ]);
  machine.onHeard();
  machine.onSent(40_000);
  assert.equal(machine.deadline, Infinity);
});

test("LivenessMachine counts from the first thing sent, not from the last", () => {
  const machine = new LivenessMachine(2_000);
  for (let now = 0; now < 1_900; now += 100) machine.onSent(now);
  assert.deepEqual(run(machine, 10_000), [[1_500, "probe"], [2_000, "dead"]]);
});

test("onAsked() takes the place of the next probe, and changes nothing of when the peer is dead", () => {
  const machine = new LivenessMachine(10_000);
  machine.onAsked(0);
  machine.onSent(0);
  machine.onAsked(1_000);
  machine.onAsked(2_000);
  assert.deepEqual(run(machine, 20_000), [[5_000, "probe"], [8_000, "probe"], [10_000, "dead"]]);
});

test("onAsked() puts a probe off for nine seconds at the most: a live peer need not answer that", () => {
  const machine = new LivenessMachine(30_000);
  machine.onSent(0);
  const events = [];
  for (let now = 0; now <= 30_000; now += 1_000) {
    machine.onAsked(now);
    events.push(...run(machine, now));
  }
  assert.deepEqual(events, [[9_000, "probe"], [18_000, "probe"], [27_000, "probe"], [
    30_000,
    "dead",
  ]]);
});

test("LivenessMachine counts anew from what is sent after it heard the peer", () => {
  const machine = new LivenessMachine(2_000);
  machine.onSent(0);
  machine.onHeard();
  machine.onSent(5_000);
  assert.deepEqual(run(machine, 10_000), [[6_500, "probe"], [7_000, "dead"]]);
});

test("LivenessMachine takes a call that comes early for nothing", () => {
  const machine = new LivenessMachine(2_000);
  machine.onSent(0);
  for (let now = 0; now < 1_500; now += 10) machine.handleTimeout(now);
  assert.equal(machine.pollEvent(), undefined);
});

test("LivenessMachine asks when it was called late, and counts that time for nothing", () => {
  const machine = new LivenessMachine(30_000);
  machine.onSent(0);
  machine.handleTimeout(600_000);
  assert.deepEqual(machine.pollEvent(), { kind: "probe" });
  // 1.5 s of 30 had passed.
  assert.deepEqual(run(machine, 10 ** 9).at(-1), [628_500, "dead"]);
});

test("LivenessMachine refuses a time that can never pass", () => {
  assert.throws(
    () => new LivenessMachine(NaN),
    new RangeError("deadAfter must be at least 1 ms, got NaN"),
  );
});
