import { test } from "node:test";
import assert from "node:assert/strict";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import type { Host } from "../../src/host.ts";
import { ClockLook } from "../../src/net/clock_look.ts";
import { SleepTicker } from "../../src/net/sleep_ticker.ts";
import { countedAlarms } from "../support/counted_alarms.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";
import { connect } from "../../src/adapters/sim.ts";

const CLIENTS = 1_000;

/** A host whose alarms are counted, and its clock. */
function setUp() {
  const network = simulatedNetwork({ timers: "exact" });
  const node = network.addNode("host");
  const alarms = { set: 0, left: 0 };
  const setAlarm = countedAlarms(node, (change) => {
    if (change > 0) alarms.set++;
    alarms.left += change;
  });
  const host: Host = { ...node, setAlarm };
  return { clock: network.clock, node, host, alarms };
}

test("SleepTicker needs one alarm each 75 ms for a thousand clients that have just been heard", () => {
  const { clock, host, alarms } = setUp();
  const looks = Array.from({ length: CLIENTS }, () => new ClockLook(host, () => {}));
  clock.run(1_000);
  assert.ok(alarms.set >= 13 && alarms.set <= 15, `${alarms.set} alarms in a second`);
  for (const look of looks) look.stop();
  assert.equal(alarms.left, 0);
});

test("SleepTicker needs one alarm a second when all are quiet, and looks often again when one is not", () => {
  const { clock, host, alarms } = setUp();
  const looks = Array.from({ length: CLIENTS }, () => new ClockLook(host, () => {}));
  clock.run(10_000);
  alarms.set = 0;
  clock.run(20_000);
  assert.ok(alarms.set >= 9 && alarms.set <= 11, `${alarms.set} alarms in ten seconds`);
  alarms.set = 0;
  looks[7]!.onActive(host.now());
  clock.run(21_000);
  assert.ok(alarms.set >= 12 && alarms.set <= 15, `${alarms.set} alarms in a second`);
});

test("SleepTicker tells all clients of a host that it has slept, and those of no other", () => {
  const { clock, node, host } = setUp();
  const { host: other } = setUp();
  const woken: string[] = [];
  for (const name of ["first", "second"]) new ClockLook(host, () => void woken.push(name));
  new ClockLook(other, () => void woken.push("other"));
  assert.equal(SleepTicker.of(host), SleepTicker.of(host));
  node.stall(60_000);
  clock.run(61_000);
  assert.deepEqual(woken, ["first", "second"]);
});

test("a client that has just been heard wakes by no alarm of its own, but that of all clients of its host", async () => {
  const pair = new VirtualPair({ delay: 10 });
  let set = 0;
  const setAlarm = countedAlarms(pair.clientHost, (change) => void (change > 0 && set++));
  const host: Host = { ...pair.clientHost, setAlarm };
  const { publicKey: serverKey } = await pair.listen({});
  const sessions = [];
  for (let i = 0; i < 10; i++) {
    sessions.push(await pair.run(connect(host, { hostname: "server", port: PORT, serverKey })));
  }
  await pair.pass(500);
  set = 0;
  await pair.pass(1_000);
  assert.ok(set <= 15, `${set} alarms of ten clients in a second`);
  await pair.run(Promise.all(sessions.map((session) => session.close())));
});
