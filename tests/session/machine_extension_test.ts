import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../../src/random.ts";
import { SessionMachine } from "../../src/session/machine.ts";
import type { Extension } from "../../src/wire/extension.ts";
import { SessionForger } from "../support/session_forger.ts";
import { seededSource } from "../support/seeded_random.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const NOTHING = new Uint8Array(0);
const memory = new Uint8Array(2048);

/** One end, and somebody who reads what it says. */
class End {
  readonly machine: SessionMachine;
  readonly #reader: SessionForger;

  constructor(role: "client" | "server", seed: number) {
    this.machine = new SessionMachine({
      role,
      secret: SECRET,
      random: new Random(seededSource(seed)),
    });
    this.#reader = new SessionForger(role === "client" ? "server" : "client", SECRET);
  }

  /** Makes a packet, and tells the block in it. */
  speak(body = NOTHING): { packet: Uint8Array; block: Extension | undefined } {
    const packet = memory.slice(0, this.machine.encode(body, memory, 0));
    return { packet, block: this.#reader.open(packet)?.extension };
  }
}

/** One packet each way; returns how many blocks were in them. */
function exchange(client: End, server: End): number {
  let blocks = 0;
  for (const [from, to] of [[client, server], [server, client]] as const) {
    const { packet, block } = from.speak();
    to.machine.handleDatagram(packet, 0);
    if (block !== undefined) blocks++;
  }
  return blocks;
}

test("two ends of this library know each other after the first frame from each", () => {
  const [client, server] = [new End("client", 1), new End("server", 2)];
  assert.equal(client.machine.isOwnKind, false);
  assert.equal(client.machine.solvesJointly, false);
  exchange(client, server);
  assert.ok(client.machine.isOwnKind && server.machine.isOwnKind);
  assert.ok(client.machine.solvesJointly && server.machine.solvesJointly);
});

test("two ends of this library fall silent about themselves after a few frames", () => {
  const [client, server] = [new End("client", 1), new End("server", 2)];
  for (let i = 0; i < 10; i++) exchange(client, server);
  for (let i = 0; i < 500; i++) assert.equal(exchange(client, server), 0);
});

test("they fall silent whatever was lost, delayed or repeated before", () => {
  const frame = fc.record({
    isUp: fc.boolean(),
    fate: fc.constantFrom("lost", "now", "twice", "later"),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 120, size: "max" }), (frames) => {
      const [client, server] = [new End("client", 1), new End("server", 2)];
      const later: (() => void)[] = [];
      for (const { isUp, fate } of frames) {
        const [from, to] = isUp ? [client, server] : [server, client];
        const { packet } = from.speak();
        const deliver = () => void to.machine.handleDatagram(packet.slice(), 0);
        if (fate === "now" || fate === "twice") deliver();
        if (fate === "twice") deliver();
        if (fate === "later") later.push(deliver);
      }
      for (const deliver of later) deliver();
      for (let i = 0; i < 40; i++) exchange(client, server);
      assert.ok(client.machine.isOwnKind && server.machine.isOwnKind);
      for (let i = 0; i < 40; i++) assert.equal(exchange(client, server), 0);
    }),
    { numRuns: 100 },
  );
});

test("the original never answers the block: it stands in every frame, and the session works", () => {
  const server = new End("server", 1);
  const original = new SessionForger("client", SECRET);
  const padding = new Uint8Array(20).fill(0xff);
  for (let i = 0; i < 1_000; i++) {
    const packet = original.data(i, NOTHING, { highReceived: 0, totalReceived: 0 }, {
      lossByte: 0,
      padding,
    });
    assert.equal(server.machine.handleDatagram(packet, 0), "newest");
    assert.notEqual(server.speak().block, undefined);
  }
  assert.equal(server.machine.isOwnKind, false);
});

test("in a full packet there is no room for the block, and it does not count as said", () => {
  const server = new End("server", 1);
  // Two bytes more than what leaves room for parity.
  const full = new Uint8Array(server.machine.mostBody + 2);
  for (let i = 0; i < 20; i++) assert.equal(server.speak(full).block, undefined);
  const other = new SessionForger("client", SECRET);
  const trailer = { lossByte: 0, extension: { bits: 0x80 } };
  server.machine.handleDatagram(other.data(0, NOTHING, {}, trailer), 0);
  for (let i = 0; i < 20; i++) assert.equal(server.speak(full).block, undefined);
  for (let i = 0; i < 8; i++) assert.notEqual(server.speak().block, undefined, `frame ${i}`);
  assert.equal(server.speak().block, undefined);
});

test("a block of another version, or cut off, is padding", () => {
  const server = new End("server", 1);
  const other = new SessionForger("client", SECRET);
  const paddings = [
    [0x73, 0x74, 0x73, 0x2b, 2, 0x81, 0],
    [0x73, 0x74, 0x73, 0x2b, 1, 0x81],
    [0x73, 0x74, 0x73, 0x2b, 1, 0x81, 200, 0],
    [0xff, 0x73, 0x74, 0x73, 0x2b, 1, 0x81, 0],
  ];
  for (const [i, padding] of paddings.entries()) {
    const trailer = { lossByte: 0, padding: Uint8Array.from(padding) };
    assert.equal(server.machine.handleDatagram(other.data(i, NOTHING, {}, trailer), 0), "newest");
  }
  assert.equal(server.machine.isOwnKind, false);
  const items = Uint8Array.of(0x73, 0x74, 0x73, 0x2b, 1, 0, 3, 9, 9, 9);
  server.machine.handleDatagram(other.data(9, NOTHING, {}, { lossByte: 0, padding: items }), 0);
  assert.equal(server.machine.isOwnKind, true, "items of later versions are skipped");
});

test("encodeReport() brings the counters and is no datagram, unlike an empty one", () => {
  const [client, server] = [new End("client", 1), new End("server", 2)];
  server.machine.handleDatagram(client.speak(Uint8Array.of(1)).packet, 0);
  const packet = memory.slice(0, server.machine.encodeReport(memory, 0));
  assert.equal(client.machine.handleDatagram(packet, 0), "newest");
  const report = client.machine.pollBody();
  assert.deepEqual([report?.isReport, report?.body.length, report?.totalReceived], [true, 0, 1]);
  client.machine.handleDatagram(server.speak().packet, 0);
  assert.equal(client.machine.pollBody()?.isReport ?? false, false);
});
