import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import type { DatagramSocket } from "../../src/host.ts";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import type { LinkConditions } from "../../src/sim/conditions.ts";
import type { NetworkOptions, SimulatedNetwork, SimulatedNode } from "../../src/sim/contract.ts";

/** A datagram that came to a socket. */
interface Received {
  readonly at: number;
  readonly text: string;
  readonly from: string;
}

/** Opens a socket that keeps what it gets. */
async function open(
  network: SimulatedNetwork,
  node: SimulatedNode,
  port = 0,
): Promise<{ socket: DatagramSocket; received: Received[] }> {
  const received: Received[] = [];
  const socket = await node.bindDatagram({ hostname: "0.0.0.0", port }, {
    onDatagram: (datagram, { hostname, port }) => {
      const text = new TextDecoder().decode(datagram);
      received.push({ at: network.now, text, from: `${hostname}:${port}` });
    },
    onError: () => {},
  });
  return { socket, received };
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Two nodes with a socket each. */
async function pair(conditions: LinkConditions = { delay: 10 }, options: NetworkOptions = {}) {
  const network = simulatedNetwork({ conditions, timers: "exact", ...options });
  const [a, b] = [network.addNode("a"), network.addNode("b")];
  return { network, a, b, left: await open(network, a, 1), right: await open(network, b, 2) };
}

const isError = (code: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code;

test("SimulatedNetwork carries datagrams between nodes under the conditions of their path", async () => {
  const { network, a, b, left, right } = await pair();
  network.path(b, a).change({ delay: 30 });
  left.socket.send(bytes("ping"), right.socket.addr);
  await network.pass(10);
  assert.deepEqual(right.received, [{ at: 10, text: "ping", from: "10.0.0.1:1" }]);
  right.socket.send(bytes("pong"), { hostname: a.address, port: 1 });
  await network.pass(100);
  assert.deepEqual(left.received, [{ at: 40, text: "pong", from: "10.0.0.2:2" }]);
  assert.equal(network.path("a", "b").counts.delivered, 1);
});

test("SimulatedNetwork loses what is sent to nobody, and counts it where there is no such node", async () => {
  const { network, left } = await pair();
  assert.equal(left.socket.send(bytes("x"), { hostname: "10.0.0.2", port: 9 }), true);
  assert.equal(left.socket.send(bytes("x"), { hostname: "10.9.9.9", port: 9 }), true);
  await network.pass(100);
  assert.equal(network.unroutable, 1);
});

test("SimulatedNetwork gives what a node sends to itself no conditions", async () => {
  const { network, left } = await pair({ delay: 500, loss: 1 });
  left.socket.send(bytes("me"), left.socket.addr);
  await network.pass(0);
  assert.equal(left.received.length, 1);
});

test("SimulatedNetwork.addNode() gives nodes addresses, and names resolve to them", async () => {
  const network = simulatedNetwork();
  assert.equal(network.addNode("a").address, "10.0.0.1");
  assert.equal(network.addNode("b", { address: "2001:db8::1" }).address, "2001:db8::1");
  const c = network.addNode("c");
  assert.equal(c.address, "10.0.0.2");
  assert.deepEqual(await c.resolve("b"), ["2001:db8::1"]);
  assert.deepEqual(await c.resolve("192.0.2.7"), ["192.0.2.7"]);
  await assert.rejects(c.resolve("nowhere"), isError("name-not-found"));
  assert.throws(
    () => network.addNode("a"),
    new RangeError('there is a node called "a" already'),
  );
  assert.throws(
    () => network.addNode("d", { address: "10.0.0.1" }),
    new RangeError("10.0.0.1 is the address of a"),
  );
  assert.throws(
    () => network.addNode("d", { address: "here" }),
    new RangeError('address must be an IP literal, got "here"'),
  );
  assert.throws(() => network.path("a", "z"), new RangeError('there is no node called "z"'));
});

test("SimulatedNetwork refuses settings that make no sense", () => {
  const wrong = (text: string) => JSON.parse(text) as NetworkOptions;
  assert.throws(
    () => simulatedNetwork({ seed: 0.5 }),
    new RangeError("seed must be an integer, got 0.5"),
  );
  assert.throws(
    () => simulatedNetwork({ epochSeconds: -1 }),
    new RangeError("epochSeconds must be a finite time of at least 0 s, got -1"),
  );
  assert.throws(
    () => simulatedNetwork(wrong('{"crypto":"weak"}')),
    new RangeError('crypto must be "real" or "none", got weak'),
  );
  assert.throws(
    () => simulatedNetwork(wrong('{"timers":"fine"}')),
    new RangeError('timers must be "coarse" or "exact", got fine'),
  );
  assert.throws(
    () => simulatedNetwork({ conditions: { delay: -1 } }),
    new RangeError("delay must be a finite time of at least 0 ms, got -1"),
  );
});

test("SimulatedNetwork leads several paths through one bottleneck", async () => {
  const { network, a, b, left, right } = await pair({ delay: 5 });
  const c = network.addNode("c");
  const third = await open(network, c, 3);
  // 1,000 bytes take 1 ms at 8 Mbit/s. What is a's own comes before it, what is c's behind.
  const bottleneck = network.addBottleneck({ rate: 8, delay: 20 });
  network.route(a, b, { behind: [bottleneck] });
  network.route("c", "b", { ahead: [bottleneck] });
  network.path(c, b).change({ delay: 100 });
  for (let i = 0; i < 2; i++) {
    left.socket.send(bytes("a".repeat(972)), right.socket.addr);
    third.socket.send(bytes("c".repeat(972)), right.socket.addr);
  }
  await network.pass(1_000);
  const arrivals = right.received.map(({ at, text }) => `${text[0]} ${at}`);
  assert.deepEqual(arrivals, ["a 26", "a 27", "c 121", "c 122"]);
  left.socket.send(bytes("a".repeat(972)), right.socket.addr);
  await network.pass(1);
  third.socket.send(bytes("c".repeat(972)), right.socket.addr);
  await network.pass(4);
  assert.equal(bottleneck.counts.sent, 6);
  network.route(a, b, {});
  left.socket.send(bytes("direct"), right.socket.addr);
  await network.pass(5);
  assert.equal(right.received.at(-1)?.text, "direct");
});

test("SimulatedNetwork leads datagrams alone through the links of a throttle, before all others", async () => {
  const { network, a, b, left, right } = await pair({ delay: 5 });
  const throttle = network.addBottleneck({ delay: 100 });
  const ahead = network.addBottleneck({ delay: 10 });
  network.route(a, b, { ahead: [ahead], datagrams: [throttle] });
  left.socket.send(bytes("x"), right.socket.addr);
  await network.pass(115);
  assert.deepEqual(right.received.map(({ at }) => at), [115]);
  const listening = await b.listenStream({ hostname: "0.0.0.0", port: 3 }, { onStream: () => {} });
  const stream = await network.run(a.connectStream({ hostname: b.address, port: 3 }));
  assert.equal(throttle.counts.sent, 1);
  assert.ok(ahead.counts.sent > 1);
  stream.close();
  listening.close();
  throttle.change({ blocksDatagrams: true });
  left.socket.send(bytes("y"), right.socket.addr);
  await network.pass(1_000);
  assert.equal(right.received.length, 1);
});

test("SimulatedNetwork.run() ends as soon as the promise settles, and gives what it gives", async () => {
  const { network, a } = await pair();
  const ring = new Promise<string>((resolve) => void a.setAlarm(25, () => resolve("rung")));
  assert.equal(await network.run(ring), "rung");
  assert.equal(network.now, 25);
  await assert.rejects(network.run(Promise.reject(new TypeError("mine"))), new TypeError("mine"));
  assert.equal(network.now, 25);
});

test("SimulatedNetwork.run() rejects with time-limit after `limit`, and says the virtual time", async () => {
  const { network } = await pair();
  await network.pass(100);
  await assert.rejects(network.run(new Promise(() => {}), 50), (error) => {
    assert.ok(isError("time-limit")(error));
    assert.ok(error instanceof Error);
    assert.equal(error.message, "still waiting after 50 ms, at 150 ms of virtual time");
    return true;
  });
  assert.equal(network.now, 150);
  await assert.rejects(
    network.run(Promise.resolve(), Infinity),
    new RangeError("limit must be a finite time of at least 0 ms, got Infinity"),
  );
  await assert.rejects(
    network.pass(-1),
    new RangeError("time must be a finite time of at least 0 ms, got -1"),
  );
});

test("SimulatedNetwork lets all promises settle before anything else happens", async () => {
  const { network, a } = await pair();
  const seen: string[] = [];
  const deep = async (name: string) => {
    for (let i = 0; i < 1_000; i++) await null;
    seen.push(`${name} at ${network.now}`);
  };
  a.setAlarm(10, () => void deep("first"));
  a.setAlarm(11, () => void deep("second"));
  network.at(11.5, () => void deep("third"));
  void deep("before");
  await network.pass(12);
  assert.deepEqual(seen, ["before at 0", "first at 10", "second at 11", "third at 11.5"]);
});

test("SimulatedNetwork lets several wait at once, each for as long as it said", async () => {
  const { network } = await pair();
  const ends: string[] = [];
  const wait = async (time: number) => {
    await network.pass(time);
    ends.push(`${time} at ${network.now}`);
  };
  await Promise.all([wait(30), wait(10), wait(20), wait(0)]);
  assert.deepEqual(ends, ["0 at 0", "10 at 10", "20 at 20", "30 at 30"]);
});

test("SimulatedNetwork.run() and pass() reject with what a program threw, and go on afterwards", async () => {
  const { network, a } = await pair();
  a.setAlarm(5, () => {
    throw new TypeError("broken");
  });
  await assert.rejects(network.pass(10), new TypeError("broken"));
  await network.pass(10);
  assert.equal(network.now, 15);
});

test("SimulatedNetwork.at() does something at its time, unless it is taken back", async () => {
  const { network } = await pair();
  const ran: number[] = [];
  network.at(5, () => void ran.push(network.now));
  network.at(6, () => void ran.push(network.now))[Symbol.dispose]();
  await network.pass(10);
  assert.deepEqual(ran, [5]);
});

test("SimulatedNetwork.inject() hands over a datagram in the name of any sender", async () => {
  const { network, right } = await pair({ loss: 1 });
  network.inject(bytes("forged"), { hostname: "192.0.2.1", port: 7 }, right.socket.addr);
  await network.pass(0);
  assert.deepEqual(right.received, [{ at: 0, text: "forged", from: "192.0.2.1:7" }]);
});

test("traceHash is the same for the same run, and another for any difference", async () => {
  const hash = async (delay: number, text: string, options: NetworkOptions = {}) => {
    const { network, left, right } = await pair({ delay }, options);
    left.socket.send(bytes(text), right.socket.addr);
    await network.pass(100);
    return network.traceHash;
  };
  const first = await hash(10, "one");
  assert.match(first, /^[0-9a-f]{16}$/);
  assert.equal(await hash(10, "one"), first);
  assert.notEqual(await hash(11, "one"), first);
  assert.notEqual(await hash(10, "onE"), first);
  assert.notEqual(await hash(10, "one!"), first);
});
