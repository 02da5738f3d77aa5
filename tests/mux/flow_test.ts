/**
 * Readers that are slow, or do not read at all.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { VirtualClock } from "../../src/sim/clock.ts";
import { FixedCongestion } from "../support/fixed_congestion.ts";
import { MuxPair } from "../support/mux_pair.ts";
import { ScriptedPeer } from "../support/scripted_peer.ts";
import { StreamReader, StreamWriter } from "../support/stream_traffic.ts";

const MIB = 2 ** 20;

/** The client writes so much on each of some streams, and nobody reads. */
function unread(pair: MuxPair, count: number, length: number): StreamMachine[] {
  const first = pair.server.incoming.length;
  for (let i = 0; i < count; i++) new StreamWriter(pair.client, pair.client.open(), length);
  pair.run(5_000);
  const streams = pair.server.incoming.slice(first);
  assert.equal(streams.length, count);
  return streams;
}

/** How long a stream takes to get so many bytes across. */
function timeFor(pair: MuxPair, length: number, limit: number): number {
  const start = pair.clock.now;
  let reader: StreamReader | undefined;
  pair.server.onIncoming = (stream) => void (reader = new StreamReader(pair.server, stream));
  new StreamWriter(pair.client, pair.client.open(), length);
  assert.ok(pair.run(limit, () => reader?.endedAt !== undefined), `${reader?.bytes} bytes came`);
  assert.equal(reader?.bytes, length);
  assert.equal(reader?.isGood, true);
  return pair.clock.now - start;
}

test("MuxMachine acknowledges what nobody reads, up to 8 MiB a stream", () => {
  const pair = new MuxPair({ link: { delay: 5 } });
  const near = pair.client.open();
  new StreamWriter(pair.client, near, 10 * MIB);
  pair.run(20_000);
  const { readable } = pair.server.incoming[0]!.receiving;
  assert.ok(readable > 7 * MIB && readable <= 8 * MIB, `${readable}`);
  assert.equal(near.sending.isBlocked, true);
  assert.ok(near.sending.first >= readable / 1_330);
});

test("C15: MuxMachine serves other streams while some are not read", () => {
  const pair = new MuxPair({ link: { delay: 5 } });
  const before = timeFor(pair, 500_000, 10_000);
  unread(pair, 3, 10 * MIB);
  assert.ok(timeFor(pair, 500_000, 10_000) < 3 * before + 100);
});

test("MuxMachine holds 32 MiB a session at the most, and serves another stream even then", () => {
  const pair = new MuxPair({ link: { delay: 5 } });
  const streams = unread(pair, 5, 9 * MIB);
  pair.run(10_000);
  const held = streams.reduce((sum, { receiving }) => sum + receiving.readable, 0);
  assert.ok(held > 24 * MIB && held <= 32 * MIB, `${held}`);
  for (const { receiving } of streams) assert.ok(receiving.readable <= 8 * MIB);
  const window = pair.client.congestion.window;
  assert.ok(timeFor(pair, 200_000, 20_000) < 5_000);
  assert.ok(pair.client.congestion.window > window / 2);
  const readers = streams.map((stream) => new StreamReader(pair.server, stream));
  assert.ok(pair.run(60_000, () => readers.every(({ endedAt }) => endedAt !== undefined)));
  for (const reader of readers) assert.deepEqual([reader.bytes, reader.isGood], [9 * MIB, true]);
});

test("MuxMachine does not shrink the window for readers of our own kind that are full", () => {
  const pair = new MuxPair({ link: { delay: 5 } });
  unread(pair, 5, 9 * MIB);
  const { window } = pair.client.congestion;
  const sent = pair.client.packetsSent;
  pair.run(30_000);
  assert.ok(pair.client.congestion.window >= window);
  assert.ok(pair.client.packetsSent - sent < 5 * 30, `${pair.client.packetsSent - sent}`);
});

test("MuxMachine goes on as soon as a reader tells of room", () => {
  const pair = new MuxPair({ link: { delay: 5 } });
  const [far] = unread(pair, 1, 12 * MIB);
  const { packetsSent } = pair.client;
  pair.run(5_000);
  assert.ok(pair.client.packetsSent - packetsSent < 10);
  const reader = new StreamReader(pair.server, far!);
  pair.run(50);
  assert.ok(reader.bytes > 9 * MIB, `${reader.bytes}`);
  pair.run(5_000);
  assert.deepEqual([reader.bytes, reader.isGood], [12 * MIB, true]);
});

test("MuxMachine goes on within 2 s when all that a reader tells of room is lost", () => {
  const pair = new MuxPair({ link: { delay: 5 } });
  const [far] = unread(pair, 1, 12 * MIB);
  pair.run(10_000);
  pair.down.change({ isDown: true });
  const reader = new StreamReader(pair.server, far!);
  pair.run(100);
  pair.down.change({ isDown: false });
  assert.ok(reader.bytes <= 8 * MIB);
  pair.run(2_100);
  assert.ok(reader.bytes > 9 * MIB, `${reader.bytes}`);
});

test("MuxMachine asks for room also when the writer had nothing to say while the reader was full", () => {
  const peer = new ScriptedPeer(new VirtualClock());
  const stream = peer.end.open();
  peer.run(20);
  peer.send("synAck", stream.id);
  peer.run(20);
  peer.end.write(stream, new Uint8Array(3 * 1_330));
  peer.run(20);
  peer.ack(stream.id, 3, [], 3);
  peer.run(5_000);
  assert.equal(stream.room.isActive, false);
  peer.take();
  peer.end.write(stream, new Uint8Array(10));
  peer.run(700);
  assert.deepEqual(peer.take().map(({ type, sequence }) => [type, sequence])[0], ["data", 3]);
});

test("MuxMachine takes slow readers at their pace, and loses nothing", () => {
  for (const seed of [1, 2, 3]) {
    const pair = new MuxPair({ seed, link: { delay: 5, loss: 0.05, rate: 40, queue: 200 } });
    const [far] = unread(pair, 1, 10 * MIB);
    let bytes = 0;
    for (let i = 0; i < 2_000 && bytes < 10 * MIB; i++) {
      bytes += pair.server.read(far!, 20_000).length;
      pair.run(10);
    }
    assert.equal(bytes, 10 * MIB);
    assert.equal(far!.isReadToEnd, true);
  }
});

test("MuxMachine sends again what a full reader refused, also when it took the end of the stream", () => {
  const congestion = new FixedCongestion();
  const peer = new ScriptedPeer(new VirtualClock(), { congestion });
  const stream = peer.end.open();
  const has = new Set<number>();
  let isFull = true;
  peer.onMessage = (message) => {
    if (message === undefined) peer.sendBody(Uint8Array.of(2, 0, 0, 0));
    if (message?.kind !== "stream") return;
    const { type, streamId, sequence } = message;
    if (type === "syn") peer.send("synAck", streamId);
    if (type === "fin" && stream.refusal.isRefused) peer.send("finAck", streamId, sequence);
    if (type === "data" && !isFull) has.add(sequence);
    let next = 0;
    while (has.has(next)) next++;
    if (type === "data" || type === "fin") peer.ack(streamId, next, [...has].slice(-50));
  };
  peer.run(50);
  peer.end.write(stream, new Uint8Array(40 * 1_330));
  peer.end.finish(stream);
  peer.run(5_000);
  assert.equal(stream.refusal.isRefused, true);
  assert.equal(stream.sending.segmentAt(40)?.acked, true);
  peer.ack(stream.id, 0);
  isFull = false;
  peer.run(6_000);
  assert.equal(has.size, 40);
  assert.equal(stream.sending.isDelivered, true);
});

test("MuxMachine gives the memory of streams back that were cut before they were read", () => {
  const pair = new MuxPair({ link: { delay: 5 } });
  for (let i = 0; i < 20; i++) {
    const [far] = unread(pair, 1, 3 * MIB);
    assert.ok(far!.receiving.readable > 2.9 * MIB, `stream ${i}: ${far!.receiving.readable}`);
    pair.server.cut(far!);
    pair.run(1_000);
  }
});

test("C15: an application that writes without reading stalls nothing, in either direction", () => {
  const pair = new MuxPair({ link: { delay: 5 } });
  const near = pair.client.open();
  pair.run(1_000, () => pair.server.incoming.length > 0);
  const far = pair.server.incoming.at(-1)!;
  const length = 5 * MIB;
  new StreamWriter(pair.client, near, length, 1);
  new StreamWriter(pair.server, far, length, 2);
  pair.run(60_000);
  // All of it is acknowledged, though nobody has read a byte.
  for (const { sending } of [near, far]) assert.equal(sending.isDelivered, true);
  const [up, down] = [
    new StreamReader(pair.server, far, 1),
    new StreamReader(pair.client, near, 2),
  ];
  pair.run(10_000);
  for (const { bytes, isGood } of [up, down]) assert.deepEqual([bytes, isGood], [length, true]);
});
