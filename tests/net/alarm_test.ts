import { test } from "node:test";
import assert from "node:assert/strict";
import { Alarm } from "../../src/net/alarm.ts";
import { simulatedNetwork } from "../../src/adapters/sim.ts";

function setUp() {
  const network = simulatedNetwork({ timers: "exact" });
  const rings: number[] = [];
  const host = network.addNode("host");
  const alarm = new Alarm(host, () => void rings.push(host.now()));
  return { clock: network.clock, alarm, rings };
}

test("Alarm rings once at its deadline", () => {
  const { clock, alarm, rings } = setUp();
  alarm.set(10);
  clock.run(100);
  assert.deepEqual(rings, [10]);
});

test("Alarm rings at the earliest of the deadlines that were set, and leaves a timer that is early", () => {
  const { clock, alarm, rings } = setUp();
  alarm.set(50);
  alarm.set(20);
  alarm.set(80);
  clock.run(100);
  assert.deepEqual(rings, [20]);
});

test("Alarm holds one timer at a time, and none after cancel() or for Infinity", () => {
  const { clock, alarm, rings } = setUp();
  alarm.set(Infinity);
  assert.equal(clock.pending, 0);
  alarm.set(50);
  alarm.set(20);
  assert.equal(clock.pending, 1);
  alarm.cancel();
  assert.equal(clock.pending, 0);
  clock.run(100);
  assert.deepEqual(rings, []);
});
