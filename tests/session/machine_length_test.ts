import { test } from "node:test";
import assert from "node:assert/strict";
import { SESSION_OVERHEAD } from "../../src/crypto/aead.ts";
import { Random } from "../../src/random.ts";
import {
  MOST_DATAGRAM,
  MOST_PACKET_SENT,
  SessionMachine,
  type SessionMachineOptions,
} from "../../src/session/machine.ts";
import { EXTENSION_LENGTH } from "../../src/wire/extension.ts";
import { dataFrameOverhead, decodeFrame } from "../../src/wire/frame.ts";
import { SessionForger } from "../support/session_forger.ts";
import { seededSource } from "../support/seeded_random.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const NO_PADDING = { paddingFor: () => 0 };
const memory = new Uint8Array(2048);

function serverOf(options: Partial<SessionMachineOptions> = {}): SessionMachine {
  const random = new Random(seededSource(1));
  return new SessionMachine({ role: "server", secret: SECRET, random, ...options });
}

/** Lets a machine hear frames of these numbers. */
function hear(server: SessionMachine, frameNumbers: Iterable<number>): void {
  const forger = new SessionForger("client", SECRET);
  for (const frameNumber of frameNumbers) {
    const packet = forger.data(frameNumber, new Uint8Array(0));
    assert.equal(server.handleDatagram(packet, 0), "newest");
  }
}

function* jumpsTo(target: number): Generator<number> {
  for (let at = 2 ** 24 - 1; at < target; at += 2 ** 24) yield at;
  yield target;
}

/** Makes packets of bodies of the longest length, and of their parity: none longer than it may be. */
function checkLongest(server: SessionMachine): void {
  const body = new Uint8Array(server.mostBody);
  for (let i = 0; i < 3; i++) {
    const length = server.encode(body, memory, 0);
    assert.ok(length <= MOST_PACKET_SENT, `${length} bytes at frame ${server.lastFrame}`);
  }
  const shard = new Uint8Array(2 + body.length);
  const length = server.encodeParity(
    {
      kind: "parity",
      runStart: server.lastFrame,
      dataCount: 1,
      parityCount: 1,
      parityIndex: 0,
      padSize: shard.length,
      body: shard,
    },
    memory,
    0,
  );
  assert.ok(length <= MOST_PACKET_SENT, `${length} bytes of parity at frame ${server.lastFrame}`);
}

test("a body of up to mostBody, and its parity, make no packet above 1,400 bytes: frames received up to 2^32", () => {
  for (const border of [250, 251, 2 ** 16 - 1, 2 ** 16, 2 ** 32 - 1, 2 ** 32]) {
    for (const highest of [border - 2, border - 1, border, border + 1]) {
      const server = serverOf();
      hear(server, jumpsTo(highest));
      checkLongest(server);
    }
  }
});

test("a body of up to mostBody, and its parity, make no packet above 1,400 bytes: frames sent up to 2^16", () => {
  const server = serverOf({ padding: NO_PADDING });
  const nothing = new Uint8Array(0);
  for (let frame = 0; frame < 300; frame++) checkLongest(server);
  while (server.lastFrame < 61_000) server.encode(nothing, memory, 0);
  // Before 65,536 - 4,096 a body is measured for three bytes, behind it for five.
  for (let i = 0; i < 600; i++) {
    checkLongest(server);
    server.encode(nothing, memory, 0);
  }
  while (server.lastFrame < 65_530) server.encode(nothing, memory, 0);
  for (let i = 0; i < 5; i++) checkLongest(server);
});

test("a body that was measured by mostBody fits 4,096 frames later too", () => {
  for (const start of [0, 200, 61_300, 61_500, 65_500]) {
    const server = serverOf({ padding: NO_PADDING });
    const nothing = new Uint8Array(0);
    while (server.lastFrame < start) server.encode(nothing, memory, 0);
    hear(server, jumpsTo(start));
    const body = new Uint8Array(server.mostBody);
    while (server.lastFrame < start + 4_095) server.encode(nothing, memory, 0);
    hear(server, [start + 4_096]);
    const length = server.encode(body, memory, 0);
    assert.ok(length <= MOST_PACKET_SENT, `${length} bytes at frame ${server.lastFrame}`);
  }
});

test("mostBody shrinks by a few bytes over time, and is never less than MOST_DATAGRAM", () => {
  const young = serverOf().mostBody;
  const old = serverOf();
  hear(old, jumpsTo(2 ** 32));
  assert.ok(old.mostBody < young && old.mostBody > young - 10);
  const worst = dataFrameOverhead(2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1, MOST_PACKET_SENT);
  assert.ok(MOST_PACKET_SENT - SESSION_OVERHEAD - worst - 1 >= MOST_DATAGRAM);
});

test("MOST_DATAGRAM, 1,311 bytes, always fits", () => {
  assert.equal(MOST_DATAGRAM, 1_311);
  for (const highest of [0, 2 ** 16, 2 ** 32]) {
    const server = serverOf();
    hear(server, jumpsTo(highest));
    for (let i = 0; i < 200; i++) {
      assert.ok(server.encode(new Uint8Array(MOST_DATAGRAM), memory, 0) <= MOST_PACKET_SENT);
    }
  }
});

test("2,048 bytes are enough for a packet, and what lies behind it is not touched", () => {
  const server = serverOf();
  for (let length = 0; length <= server.mostBody; length += 11) {
    const into = new Uint8Array(2_048).fill(0x5a);
    const end = server.encode(new Uint8Array(length), into, 0);
    assert.ok(into.subarray(end).every((byte) => byte === 0x5a));
  }
});

test("a packet is as long as its frame, its seal and what the padding policy says", () => {
  const asked: (readonly [number, number])[] = [];
  const paddingFor = (length: number, most: number) => {
    asked.push([length, most]);
    return 5;
  };
  const server = serverOf({ padding: { paddingFor } });
  const length = server.encode(new Uint8Array(100), memory, 0);
  const frame = 100 + dataFrameOverhead(0, 0, 0, 100) + 1 + EXTENSION_LENGTH;
  assert.deepEqual(asked, [[frame, MOST_PACKET_SENT - SESSION_OVERHEAD]]);
  assert.equal(length, frame + 5 + SESSION_OVERHEAD);
});

test("the lengths of packets are spread over 64 values where there is room", () => {
  const server = serverOf();
  const lengths = new Set<number>();
  for (let i = 0; i < 2_000; i++) lengths.add(server.encode(new Uint8Array(300), memory, 0));
  assert.ok(lengths.size >= 64 && lengths.size <= 70, `${lengths.size}`);
});

test("padding that is no extension block never begins like one", () => {
  const server = serverOf();
  const forger = new SessionForger("client", SECRET);
  hear(server, [0]);
  const known = forger.data(1, new Uint8Array(0), {}, { lossByte: 0, extension: { bits: 0x80 } });
  server.handleDatagram(known, 0);
  for (let i = 0; i < 500; i++) {
    // A packet before this one lies in the memory, block and all.
    const length = server.encode(new Uint8Array(i % 40), memory, 0);
    const plaintext = forger.openPlaintext(memory.slice(0, length))!;
    const hasBlock = decodeFrame(plaintext)?.extension !== undefined;
    assert.equal(hasBlock, i < 8, `frame ${i}`);
    if (hasBlock) continue;
    const end = i % 40 + dataFrameOverhead(i, 1, 2, i % 40) + 1;
    assert.ok(plaintext.subarray(end).every((byte) => byte === 0));
  }
});
