import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import type { DatagramHandler } from "../../src/host.ts";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import type { NodeOptions } from "../../src/sim/contract.ts";

const ANY = { hostname: "0.0.0.0", port: 0 };
const IDLE: DatagramHandler = { onDatagram: () => {}, onError: () => {} };

const isError = (code: string, message: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code && error.message === message;

/** Two nodes; what comes to the second one's socket at port 5. */
async function setUp(options: NodeOptions = { timers: "exact" }) {
  const network = simulatedNetwork({ conditions: { delay: 10 } });
  const [a, b] = [network.addNode("a", options), network.addNode("b", options)];
  const received: { at: number; byte: number; from: string }[] = [];
  const socket = await b.bindDatagram({ hostname: "0.0.0.0", port: 5 }, {
    onDatagram: (datagram, { hostname, port }) => {
      received.push({ at: network.now, byte: datagram[0]!, from: `${hostname}:${port}` });
    },
    onError: () => {},
  });
  return { network, a, b, socket, received };
}

test("SimulatedNode.bindDatagram() gives ports, and refuses those in use and foreign addresses", async () => {
  const { a } = await setUp();
  const first = await a.bindDatagram(ANY, IDLE);
  const second = await a.bindDatagram({ hostname: "::", port: 0 }, IDLE);
  assert.deepEqual(first.addr, { hostname: "10.0.0.1", port: 40_000 });
  assert.deepEqual(second.addr, { hostname: "10.0.0.1", port: 40_001 });
  await assert.rejects(
    a.bindDatagram({ hostname: "10.0.0.1", port: 40_000 }, IDLE),
    isError("address-in-use", "cannot bind 10.0.0.1:40000: the address is in use"),
  );
  first.close();
  await a.bindDatagram({ hostname: "10.0.0.1", port: 40_000 }, IDLE);
  await assert.rejects(
    a.bindDatagram({ hostname: "10.0.0.2", port: 0 }, IDLE),
    isError("socket-failed", "cannot bind 10.0.0.2:0: the node's address is 10.0.0.1"),
  );
  await assert.rejects(
    a.bindDatagram({ hostname: "b", port: 0 }, IDLE),
    new RangeError('hostname must be an IP literal, got "b"'),
  );
  await assert.rejects(
    a.bindDatagram({ hostname: "0.0.0.0", port: 70_000 }, IDLE),
    new RangeError("port must be an integer from 0 to 65,535, got 70000"),
  );
});

test("a socket that is closed sends nothing and gets nothing, and closing twice is harmless", async () => {
  const { network, a, b, socket, received } = await setUp();
  const from = await a.bindDatagram(ANY, IDLE);
  from.send(Uint8Array.of(1), socket.addr);
  socket.close();
  socket.close();
  await network.pass(50);
  assert.deepEqual(received, []);
  assert.equal(socket.send(Uint8Array.of(1), from.addr), false);
  assert.equal(b.openSockets, 0);
  assert.equal(from.send(new Uint8Array(65_508), socket.addr), false);
});

test("rebind() changes the ports that others see, and what is sent to the old ones is lost", async () => {
  const { network, a, b, socket, received } = await setUp();
  const from = await a.bindDatagram(ANY, IDLE);
  from.send(Uint8Array.of(1), socket.addr);
  b.rebind();
  a.rebind();
  await network.pass(50);
  assert.deepEqual(received, []);
  from.send(Uint8Array.of(2), { hostname: b.address, port: 50_000 });
  await network.pass(50);
  assert.deepEqual(received, [{ at: 60, byte: 2, from: "10.0.0.1:50000" }]);
  assert.deepEqual(from.addr, { hostname: "10.0.0.1", port: 40_000 });
});

test("roam() changes the address that others see, and the conditions of the paths stay", async () => {
  const { network, a, b, socket, received } = await setUp();
  const from = await a.bindDatagram(ANY, IDLE);
  network.path(a, b).change({ delay: 30 });
  from.send(Uint8Array.of(1), socket.addr);
  b.roam();
  a.roam("192.0.2.9");
  await network.pass(50);
  assert.deepEqual(received, []);
  assert.deepEqual(await a.resolve("b"), ["10.0.0.3"]);
  from.send(Uint8Array.of(2), { hostname: "10.0.0.3", port: 5 });
  from.send(Uint8Array.of(3), { hostname: "10.0.0.2", port: 5 });
  await network.pass(50);
  assert.deepEqual(received, [{ at: 80, byte: 2, from: "192.0.2.9:40000" }]);
  assert.equal(network.unroutable, 1);
  assert.throws(() => a.roam("10.0.0.3"), new RangeError("10.0.0.3 is the address of b"));
});

test("stall() lets alarms and datagrams wait, in order, and an end of it lets all of them come", async () => {
  const { network, a, b, socket, received } = await setUp();
  const from = await a.bindDatagram(ANY, IDLE);
  const rings: number[] = [];
  b.setAlarm(20, () => void rings.push(network.now));
  b.setAlarm(70, () => void rings.push(network.now));
  b.stall(50);
  for (const byte of [1, 2, 3]) from.send(Uint8Array.of(byte), socket.addr);
  await network.pass(49);
  assert.deepEqual([received.length, rings.length], [0, 0]);
  await network.pass(51);
  assert.deepEqual(received.map(({ at, byte }) => [at, byte]), [[50, 1], [50, 2], [50, 3]]);
  assert.deepEqual(rings, [50, 70]);
});

test("stall() may be called again before it is over", async () => {
  const { network, a, b, socket, received } = await setUp();
  const from = await a.bindDatagram(ANY, IDLE);
  b.stall(50);
  from.send(Uint8Array.of(1), socket.addr);
  network.at(40, () => b.stall(50));
  network.at(60, () => b.stall(1));
  await network.pass(200);
  assert.deepEqual(received.map(({ at }) => at), [90]);
  assert.throws(
    () => b.stall(-1),
    new RangeError("time must be a finite time of at least 0 ms, got -1"),
  );
});

test("stall() loses what a receive buffer of 212,992 bytes cannot hold", async () => {
  const { network, a, b, socket, received } = await setUp();
  const from = await a.bindDatagram(ANY, IDLE);
  b.stall(50);
  for (let i = 0; i < 200; i++) from.send(new Uint8Array(1_024), socket.addr);
  await network.pass(100);
  assert.equal(received.length, 104);
});

test("stepWallClock() moves the wall clock, and the monotonic one goes on", async () => {
  const { network, a } = await setUp();
  await network.pass(2_000);
  assert.equal(a.epochSeconds(), 1_750_000_002);
  a.stepWallClock(-60);
  assert.deepEqual([a.epochSeconds(), a.now()], [1_749_999_942, 2_000]);
  assert.throws(
    () => a.stepWallClock(NaN),
    new RangeError("seconds must be a finite number, got NaN"),
  );
});

test("alarms of exact timers ring just when they should", async () => {
  const { network, a } = await setUp();
  const rings: number[] = [];
  for (const at of [0.25, 7.5, -3]) a.setAlarm(at, () => void rings.push(network.now));
  await network.pass(10);
  assert.deepEqual(rings, [0, 0.25, 7.5]);
  assert.throws(() => a.setAlarm(NaN, () => {}), new RangeError("at must be an instant, got NaN"));
});

test("alarms of coarse timers, the default, ring never early and up to 2 ms late", async () => {
  const { network, a } = await setUp({});
  const late: number[] = [];
  for (let i = 0; i < 1_000; i++) {
    const at = i / 7;
    a.setAlarm(at, () => void late.push(network.now - at));
  }
  await network.pass(1_000);
  assert.equal(late.length, 1_000);
  assert.ok(late.every((time) => time >= 0 && time <= 2));
  const mean = late.reduce((sum, time) => sum + time, 0) / 1_000;
  assert.ok(Math.abs(mean - 1) < 0.1, `${mean}`);
});

test("an alarm that is disposed of does not ring, be it in a stall", async () => {
  const { network, a } = await setUp();
  let rings = 0;
  const alarms = [5, 10].map((at) => a.setAlarm(at, () => void rings++));
  alarms[0]![Symbol.dispose]();
  a.stall(20);
  network.at(15, () => alarms[1]![Symbol.dispose]());
  await network.pass(50);
  assert.equal(rings, 0);
});

test("SimulatedNode draws random bytes that hang on the seed and its name", () => {
  const draw = (seed: number, name: string) => {
    const into = new Uint8Array(41);
    simulatedNetwork({ seed }).addNode(name).random(into);
    return [...into].join();
  };
  assert.equal(draw(1, "a"), draw(1, "a"));
  assert.notEqual(draw(1, "a"), draw(2, "a"));
  assert.notEqual(draw(1, "a"), draw(1, "b"));
});

test("SimulatedNode can be spread into another host", async () => {
  const { network, a } = await setUp();
  const host = { ...a };
  await network.pass(5);
  assert.equal(host.now(), 5);
  assert.deepEqual(await host.resolve("b"), ["10.0.0.2"]);
  assert.equal((await host.bindDatagram(ANY, IDLE)).addr.port, 40_000);
});
