import { test } from "node:test";
import assert from "node:assert/strict";
import type { DatagramRepairOptions, Multiplex } from "../../src/net/contract.ts";
import type { LinkConditions } from "../../src/sim/conditions.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const VOICE = { interval: 20, length: 160 };
const FAST = { interval: 1, length: 1000 };

/** What became of numbered messages from the client, while the server sends some of its own. */
async function talk(
  conditions: LinkConditions,
  repair: DatagramRepairOptions | false | undefined,
  { interval, length, count, maxAge }: {
    interval: number;
    length: number;
    count: number;
    maxAge?: number;
  },
) {
  const pair = new VirtualPair(conditions);
  const { client, server } = await pair.sessions({}, repair === undefined ? {} : { repair });
  const [sender, receiver] = [client.multiplex(), server.multiplex()];
  const arrived = new Set<number>();
  void collect(receiver, arrived);
  const message = new Uint8Array(length);
  for (let i = 0; i < count; i++) {
    new DataView(message.buffer).setUint32(0, i);
    sender.sendUrel(message, maxAge === undefined ? {} : { maxAge });
    receiver.sendUrel(new Uint8Array(20));
    await pair.pass(interval);
  }
  await pair.pass(500);
  const { paritySent, repair: explained } = sender.stats();
  await pair.run(client.close());
  await pair.run(server.close());
  // Nobody knows of any loss yet while the first ones are sent.
  const known = Array.from({ length: count }, (_, i) => i).slice(count / 10);
  const lost = known.filter((i) => !arrived.has(i)).length / known.length;
  return { lost, overhead: paritySent / count, explained };
}

async function collect(mux: Multiplex, arrived: Set<number>): Promise<void> {
  try {
    for (;;) {
      const message = await mux.receiveUrel();
      const { buffer, byteOffset, length } = message;
      if (length > 20) arrived.add(new DataView(buffer, byteOffset).getUint32(0));
    }
  } catch {
    // The session has ended.
  }
}

test("datagrams that a bad path loses are repaired, and stats() say why and how", async () => {
  for (const traffic of [VOICE, FAST]) {
    const { lost, overhead, explained } = await talk({ delay: 30, loss: 0.1 }, undefined, {
      ...traffic,
      count: 2000,
    });
    assert.ok(lost < 0.015, `${lost} lost`);
    assert.ok(overhead > 0.2 && overhead < 1.4, `overhead ${overhead}`);
    assert.match(explained?.words ?? "", /The path loses \d/);
  }
});

test("nothing is added on a clean path", async () => {
  const { lost, overhead, explained } = await talk({ delay: 10 }, {}, { ...VOICE, count: 500 });
  assert.deepEqual([lost, overhead], [0, 0]);
  assert.ok(explained !== undefined);
});

test("repair: false, and a maxOverhead of 0, repair nothing", async () => {
  const { lost, overhead, explained } = await talk({ delay: 10, loss: 0.1 }, false, {
    ...FAST,
    count: 1000,
  });
  assert.ok(lost > 0.05, `${lost} lost`);
  assert.deepEqual([overhead, explained], [0, undefined]);
  const none = { maxOverhead: 0 };
  const off = await talk({ delay: 10, loss: 0.1 }, none, { ...FAST, count: 100 });
  assert.deepEqual([off.overhead, off.explained], [0, undefined]);
});

test("maxAge: 0 leaves a message without repair, and a large one is repaired on report", async () => {
  const path = { delay: 30, loss: 0.1 };
  const none = await talk(path, {}, { ...FAST, count: 1000, maxAge: 0 });
  assert.equal(none.overhead, 0);
  const advance = await talk(path, {}, { ...FAST, count: 3000 });
  const onReport = await talk(path, {}, { ...FAST, count: 3000, maxAge: 200 });
  assert.ok(onReport.lost < 0.02, `${onReport.lost} lost`);
  assert.ok(
    onReport.overhead < 0.8 * advance.overhead,
    `overhead ${onReport.overhead} on report, ${advance.overhead} in advance`,
  );
});

test("repair settings out of range are refused at once", async () => {
  const pair = new VirtualPair();
  const cases: readonly [DatagramRepairOptions, RegExp][] = [
    [{ targetLoss: 0 }, /^targetLoss must be above 0 and below 1, got 0$/],
    [{ targetLoss: 1 }, /^targetLoss must be above 0 and below 1, got 1$/],
    [{ delay: 10_001 }, /^delay must be above 0 and at most 10000 ms, got 10001$/],
    [{ delay: -1 }, /^delay must be above 0 and at most 10000 ms, got -1$/],
    [{ maxAge: -1 }, /^maxAge must be 0 to 60000 ms, got -1$/],
    [{ maxAge: NaN }, /^maxAge must be 0 to 60000 ms, got NaN$/],
  ];
  for (const [repair, message] of cases) {
    await assert.rejects(pair.listen({ repair }), { name: "RangeError", message });
  }
  const listener = await pair.listen();
  for (const [repair, message] of cases) {
    await assert.rejects(pair.connect(listener, { repair }), { name: "RangeError", message });
  }
  const session = await pair.connect(listener);
  const message = /^maxAge must be 0 to 60000 ms, got 60001$/;
  const tooOld = { maxAge: 60_001 };
  assert.throws(() => session.send(new Uint8Array(1), tooOld), { name: "RangeError", message });
  const mux = session.multiplex();
  assert.throws(() => mux.sendUrel(new Uint8Array(1), tooOld), { name: "RangeError", message });
  await pair.run(session.close());
  await pair.run(listener.close());
});

test("raw datagrams in one direction are repaired too: our own kind reports what has come", async () => {
  const pair = new VirtualPair({ delay: 30, loss: 0.1 });
  const { client, server } = await pair.sessions();
  const arrived = new Set<number>();
  void (async () => {
    for (;;) {
      const datagram = await server.receive();
      assert.equal(datagram.length, 1000);
      arrived.add(new DataView(datagram.buffer, datagram.byteOffset).getUint32(0));
    }
  })().catch(() => {});
  let answers = 0;
  void (async () => {
    for (;; answers++) await client.receive();
  })().catch(() => {});
  const count = 3000;
  const datagram = new Uint8Array(1000);
  for (let i = 0; i < count; i++) {
    new DataView(datagram.buffer).setUint32(0, i);
    client.send(datagram);
    await pair.pass(2);
  }
  await pair.pass(500);
  const known = Array.from({ length: count }, (_, i) => i).slice(count / 10);
  const lost = known.filter((i) => !arrived.has(i)).length / known.length;
  assert.ok(lost < 0.015, `${lost} lost`);
  assert.equal(answers, 0, "a report is no datagram");
  assert.ok(server.stats().framesSent < count / 10, "reports are few");
  await pair.run(client.close());
  await pair.run(server.close());
});
