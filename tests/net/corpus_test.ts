/**
 * Inputs that are known to crash, stall or bloat an implementation of this wire, each with what it
 * must come to here: nothing thrown, the packet counted, no answer where none is due, and a session
 * that lives on. The number is the one in the list that they come from; 17 to 25, which speak to the
 * multiplex, stand in `corpus_multiplex_test.ts`, and 30 to 34, which are about TCP, in
 * `corpus_stream_test.ts`.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { SessionStats } from "../../mod.ts";
import type { ParityFrame } from "../../src/wire/frame.ts";
import {
  againstClient,
  againstServer,
  type ForgedPeer,
  minuteOf,
  openSocket,
  shakeHands,
} from "../support/forged_peer.ts";
import { liveBytes } from "../support/live_bytes.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

const body = (text: string) => new TextEncoder().encode(text);

/** What an attack comes to. */
interface Expected {
  /** Packets that break a limit. */
  readonly malformed?: number;
  /** Bodies that reach the application. */
  readonly bodies?: number;
  /** The next frame number that the attacker may use. */
  readonly next?: number;
}

/** Sessions whose other end is written by hand and has said hello in its frame 0, in both roles. */
async function peers(): Promise<ForgedPeer[]> {
  const pair = new VirtualPair();
  const both = [
    await againstServer(pair, await pair.listen()),
    await againstClient(new VirtualPair({ delay: 10 }, 2)),
  ];
  for (const peer of both) {
    peer.send(peer.forger.data(0, body("hello")));
    assert.deepEqual(await peer.pair.run(peer.session.receive()), body("hello"));
    peer.received.length = 0;
  }
  return both;
}

/** A body passes in each direction. */
async function assertAlive({ pair, session, forger, received, send }: ForgedPeer, next: number) {
  send(forger.data(next, body("still there?")));
  assert.deepEqual(await pair.run(session.receive()), body("still there?"));
  received.length = 0;
  assert.equal(session.send(body("yes")), true);
  await pair.pass(50);
  const frames = received.map((packet) => forger.open(packet)?.frame);
  assert.deepEqual(frames.find((frame) => frame !== undefined)?.body, body("yes"));
}

/** Sends packets to a real server and to a real client. */
function corpus(
  name: string,
  attack: (peer: ForgedPeer) => Uint8Array[],
  { malformed = 0, bodies = 0, next = 1 }: Expected = {},
): void {
  test(`corpus ${name}`, async () => {
    for (const peer of await peers()) {
      const { pair, session, received } = peer;
      const before: SessionStats = session.stats();
      for (const [i, packet] of attack(peer).entries()) {
        peer.send(packet);
        // The path holds no more than a thousand at a time.
        if (i % 500 === 0) await pair.pass(0);
      }
      await pair.pass(1_000);
      const { framesMalformed, packetsForeign, framesReceived, receivesDropped } = session.stats();
      assert.equal(received.length, 0, `${peer.role} has answered`);
      assert.equal(framesMalformed - before.framesMalformed, malformed, peer.role);
      assert.equal(packetsForeign, before.packetsForeign, peer.role);
      assert.equal(framesReceived - before.framesReceived, bodies, peer.role);
      for (let i = 0; i < bodies - receivesDropped; i++) await session.receive();
      await assertAlive(peer, next);
    }
  });
}

/** The bytes of a frame whose fields need not be numbers. */
function rawFrame(fields: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([...fields.flat(), ...new Uint8Array(40)]);
}

function parity(change: Partial<ParityFrame>): ParityFrame {
  const frame = { runStart: 0, dataCount: 1, parityCount: 1, parityIndex: 0, ...change };
  const padding = change.body ?? new Uint8Array(8);
  return { kind: "parity", padSize: padding.length, body: padding, ...frame };
}

const U64 = (low: readonly number[]) => [253, ...low];
const TWO_TO_40 = U64([0, 0, 0, 0, 0, 1, 0, 0]);
const TWO_TO_53 = U64([0, 0, 0, 0, 0, 0, 0x20, 0]);
const TWO_TO_63 = U64([0, 0, 0, 0, 0, 0, 0, 0x80]);
const ALL_ONES = U64(new Array<number>(8).fill(255));

for (
  const [name, number] of [
    ["1: data with the frame number 2^40", TWO_TO_40],
    ["2: data with the frame number 2^53", TWO_TO_53],
    ["3: data with the frame number 2^64-1", ALL_ONES],
  ] as const
) {
  corpus(name, ({ forger }) => [forger.seal(rawFrame([[0], number, [0], [0], [1, 7]]))], {
    malformed: 1,
  });
}

corpus("4: data with the frame number 5*10^7 after 0", ({ forger }) => [
  forger.data(5e7, body("far")),
], { malformed: 1 });

corpus("4: the farthest jump that is taken is one step of work", ({ forger }) => [
  forger.data(2 ** 24, body("far")),
], { bodies: 1, next: 2 ** 24 + 1 });

corpus("5: parity 1/1 whose body says that it is 65,535 bytes long", ({ forger }) => [
  forger.packet(parity({ body: Uint8Array.of(0xff, 0xff) })),
  forger.packet(parity({ runStart: 1, body: Uint8Array.of(0xff, 0xff) })),
]);

corpus("6: parity 1/1 with an empty body", ({ forger }) => [
  forger.packet(parity({ body: new Uint8Array(0) })),
], { malformed: 1 });

corpus("7: parity of no data and no parity", ({ forger }) => [
  forger.packet(parity({ dataCount: 0, parityCount: 0, body: new Uint8Array(2) })),
  forger.packet(parity({ dataCount: 0, parityCount: 1, body: new Uint8Array(2) })),
  forger.packet(parity({ dataCount: 3, parityCount: 0, body: new Uint8Array(2) })),
], { malformed: 3 });

corpus("8: parity 2/255, twice", ({ forger }) => [
  forger.packet(parity({ dataCount: 2, parityCount: 255 })),
  forger.packet(parity({ dataCount: 2, parityCount: 255, parityIndex: 1 })),
], { malformed: 2 });

corpus("9: parity 255/255", ({ forger }) => [
  forger.packet(parity({ dataCount: 255, parityCount: 255 })),
  forger.packet(parity({ dataCount: 255, parityCount: 255, parityIndex: 254 })),
], { malformed: 2 });

corpus("9: the largest run that is taken, with all of its parity and none of its data", (peer) => {
  const bodies = Array.from({ length: 64 }, (_, i) => body(`rebuilt ${i}`));
  return peer.forger.parity(1, bodies, 63);
});

for (const [name, size] of [["10", TWO_TO_40], ["11", TWO_TO_63]] as const) {
  corpus(`${name}: data 0, then parity 1/1 of it with a pad size that no memory has`, (peer) => [
    peer.forger.seal(rawFrame([[1], [0], [1], [1], [0], size, [2, 0, 0]])),
    peer.forger.seal(rawFrame([[1], [0], [1], [1], [0], [2], size])),
  ], { malformed: 2 });
}

corpus("12: parity of a run at 2^64-1, and at 2^53-1", ({ forger }) => [
  forger.seal(rawFrame([[1], ALL_ONES, [1], [1], [0], [2], [2, 0, 0]])),
  forger.packet(parity({ runStart: Number.MAX_SAFE_INTEGER })),
  forger.packet(parity({ runStart: Number.MAX_SAFE_INTEGER - 1, dataCount: 3 })),
], { malformed: 3 });

corpus("13: parity with the index 255", ({ forger }) => [
  forger.packet(parity({ parityIndex: 255 })),
  forger.packet(parity({ parityIndex: 1 })),
], { malformed: 2 });

corpus("14: parity with a pad size of 0 and of 1", ({ forger }) => [
  forger.packet(parity({ body: new Uint8Array(0) })),
  forger.packet(parity({ body: new Uint8Array(1) })),
  forger.packet(parity({ padSize: 0 })),
  forger.packet(parity({ padSize: 1 })),
], { malformed: 4 });

corpus(
  "15: the varint markers 254 and 255 in each field",
  ({ forger }) =>
    [[254], [255]].flatMap((marker) => [
      ...[0, 1, 2, 3, 4].map((field) =>
        forger.seal(rawFrame([new Array<number>(field).fill(0), marker]))
      ),
      forger.seal(rawFrame([[1], marker])),
      forger.seal(rawFrame([[1], [0], [1], [1], [0], marker])),
      forger.seal(rawFrame([[1], [0], [1], [1], [0], [2], marker])),
    ]),
  { malformed: 16 },
);

corpus("16: the loss byte 254 for 10,000 packets", ({ forger }) =>
  Array.from(
    { length: 10_000 },
    (_, i) => forger.data(i + 1, body("x"), {}, { lossByte: 254 }),
  ), { bodies: 10_000, next: 10_001 });

test("corpus 9: a flood of the largest runs leaves the memory as it is", async () => {
  for (const peer of await peers()) {
    const bodies = Array.from({ length: 64 }, (_, i) => new Uint8Array(1_200).fill(i));
    const flood = async (count: number) => {
      for (let i = 0; i < count; i++) {
        // Each time another run, and of all together fewer than what would rebuild anything.
        for (let run = 20 * i; run < 20 * (i + 1); run++) {
          for (const packet of peer.forger.parity(1 + run % 240, bodies, 1)) peer.send(packet);
        }
        await peer.pair.pass(100);
      }
    };
    await flood(30);
    const before = liveBytes();
    await flood(60);
    const grown = liveBytes() - before;
    assert.ok(grown < 2e6, `${peer.role}: ${grown} bytes more`);
    assert.equal(peer.received.length, 0);
    await assertAlive(peer, 1);
  }
});

test("corpus 26: a datagram of no bytes", async () => {
  const nothing = new Uint8Array(0);
  for (const peer of await peers()) {
    const before = peer.session.stats().packetsForeign;
    for (let i = 0; i < 10; i++) peer.send(nothing);
    await peer.pair.pass(1_000);
    assert.equal(peer.session.stats().packetsForeign, before + 10);
    assert.equal(peer.received.length, 0);
    await assertAlive(peer, 1);
  }
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const stranger = await openSocket(pair);
  for (let i = 0; i < 10; i++) stranger.send(nothing);
  await pair.pass(1_000);
  assert.equal(listener.stats().packetsFailed, 10);
  assert.equal(stranger.received.length, 0);
});

test("corpus 27: a hello padded with zeros, which decode as further hellos, is answered once", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const { hellos, socket } = await shakeHands(pair, listener);
  const before = socket.received.length;
  const key = new Uint8Array(32).fill(9);
  const hello = {
    kind: "clientHello",
    longPublicKey: key,
    ephemeralPublicKey: key,
    version: 3,
  } as const;
  const minute = minuteOf(pair);
  socket.send(hellos.packet("up", minute, hello, { length: 2_048, padding: 0 }));
  // A packet of nothing but zeros is a hello too, of version 0.
  socket.send(hellos.seal("up", minute, new Uint8Array(1_000)));
  await pair.pass(1_000);
  assert.equal(socket.received.length, before + 1);
  assert.equal(listener.stats().handshakes, 2);
  assert.equal(listener.stats().packetsFailed, 1);
});

test("corpus 28: a resume with a token of 0 bytes, and of 10,000", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const peer = await againstServer(pair, listener);
  const stranger = await openSocket(pair);
  const before = listener.stats();
  const tokens = [0, 1, 64, 66, 987, 1_900, 10_000].map((length) => new Uint8Array(length));
  for (const token of tokens) {
    for (const shape of [{}, { length: 300 }]) {
      stranger.send(peer.client.resume(0, token, shape));
      peer.send(peer.client.resume(0, token, shape));
    }
  }
  await pair.pass(1_000);
  const after = listener.stats();
  assert.equal(after.packetsFailed - before.packetsFailed, 4 * tokens.length);
  assert.equal(after.sessionsOpen, 1);
  assert.equal(stranger.received.length + peer.received.length, 0);
  await assertAlive(peer, 0);
});

test("corpus 29: shard ids 0 to 255 from 256 addresses", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const peer = await againstServer(pair, listener);
  await assertAlive(peer, 0);
  for (let shardId = 0; shardId < 256; shardId++) {
    const socket = await openSocket(pair);
    for (let i = 0; i < 3; i++) socket.send(peer.client.resume(shardId));
  }
  await pair.pass(1_000);
  assert.equal(listener.stats().sessionsOpen, 1);
  // Nobody has spoken from there, so nothing goes there.
  for (let i = 1; i < 20; i++) await assertAlive(peer, i);
  assert.equal(peer.session.remoteAddr.port, peer.client.socket.addr.port);
});

test("corpus 29: a session that speaks from 256 addresses uses them all, and can end", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const peer = await againstServer(pair, listener);
  const sockets: Awaited<ReturnType<typeof openSocket>>[] = [];
  for (let shardId = 0; shardId < 256; shardId++) {
    const socket = await openSocket(pair);
    socket.send(peer.client.resume(shardId));
    socket.send(peer.forger.data(shardId, body("here")));
    sockets.push(socket);
    await pair.pass(1);
  }
  await pair.pass(100);
  for (let i = 0; i < 256; i++) await peer.session.receive();
  for (let i = 0; i < 2_000; i++) peer.session.send(body("there"));
  await pair.pass(100);
  const heard = sockets.filter(({ received }) => received.length > 0).length;
  assert.ok(heard > 240, `${heard}`);
  await peer.session.close();
  await pair.pass(0);
  assert.equal(listener.stats().sessionsOpen, 0);
  for (const socket of sockets) socket.send(peer.forger.data(1_000, body("late")));
  await pair.pass(100);
  assert.equal(listener.stats().packetsFailed, 256);
  assert.equal(listener.addr.port, PORT);
});
