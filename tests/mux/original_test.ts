/**
 * Towards the original, which never shows that it is of our own kind.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { equalBytes } from "../../src/bytes.ts";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { VirtualClock } from "../../src/sim/clock.ts";
import { OriginalPeer, type OriginalStream } from "../support/original_peer.ts";
import { saltedBytes } from "../support/salted_bytes.ts";
import { StreamReader, StreamWriter } from "../support/stream_traffic.ts";

const LINGER = 2_000;

interface Meeting {
  readonly clock: VirtualClock;
  readonly original: OriginalPeer;
  readonly near: StreamMachine;
  readonly far: OriginalStream;
}

/** A stream to the original. */
function meeting(): Meeting {
  const clock = new VirtualClock();
  const original = new OriginalPeer(clock);
  const near = original.peer.end.open();
  original.peer.run(50);
  assert.equal(near.phase, "open");
  return { clock, original, near, far: original.streams[0]! };
}

function hasBytes(stream: OriginalStream, length: number): void {
  assert.ok(equalBytes(Uint8Array.from(stream.bytes), saltedBytes(0, length, 0)));
}

test("MuxMachine exchanges data with the original, and never sends it a Fin or a flow limit", () => {
  const { original: { peer }, near, far } = meeting();
  const reader = new StreamReader(peer.end, near, 1);
  new StreamWriter(peer.end, near, 100_000, 0);
  far.write(saltedBytes(0, 50_000, 1));
  peer.run(10_000);
  hasBytes(far, 100_000);
  assert.equal(reader.bytes, 50_000);
  assert.equal(reader.isGood, true);
  for (const { type, payload } of peer.take()) {
    assert.ok(type !== "fin" && type !== "finAck");
    if (type === "dataAck") assert.equal(payload.length, 8 * (payload[0]! + 1));
  }
});

test("MuxMachine ends with the Rst of the original when everything has come", () => {
  const { original: { peer }, near, far } = meeting();
  const reader = new StreamReader(peer.end, near, 1);
  far.write(saltedBytes(0, 5_000, 1));
  far.close();
  peer.run(1_000);
  assert.deepEqual(near.end, { by: "remote" });
  assert.deepEqual([reader.bytes, reader.isGood], [5_000, true]);
  assert.notEqual(reader.endedAt, undefined);
  assert.equal(peer.end.mux.stats.streams, 0);
  assert.equal(peer.take().filter(({ type }) => type === "rst").length, 1);
});

test("L3: finish() lets the original say what it was still sending, and sends a Rst after 2 s of silence", () => {
  const { clock, original: { peer }, near, far } = meeting();
  const reader = new StreamReader(peer.end, near, 1);
  new StreamWriter(peer.end, near, 10_000, 0);
  peer.run(500);
  for (let i = 0; i < 5; i++) {
    far.write(saltedBytes(i * 1_000, 1_000, 1));
    peer.run(1_500);
    assert.equal(near.phase, "open");
  }
  assert.equal(far.isDead, false);
  const lastAt = clock.now - 1_500 + 10;
  while (near.phase === "open") clock.step(Infinity);
  assert.ok(Math.abs(clock.now - lastAt - LINGER) < 1, `${clock.now - lastAt}`);
  assert.deepEqual(near.end, { by: "local" });
  peer.run(1_000);
  assert.equal(far.isDead, true);
  assert.deepEqual([reader.bytes, reader.isGood], [5_000, true]);
  assert.equal(peer.end.mux.stats.streams, 0);
});

test("finish() waits for what is missing before it sends the original a Rst", () => {
  const { original: { peer }, near } = meeting();
  peer.end.finish(near);
  peer.send("data", near.id, 1, Uint8Array.of(2));
  peer.run(10_000);
  assert.equal(near.phase, "open");
  peer.send("data", near.id, 0, Uint8Array.of(1));
  peer.run(100);
  assert.deepEqual([...peer.end.read(near)], [1, 2]);
  assert.equal(near.phase, "open");
  peer.run(LINGER);
  assert.deepEqual(near.end, { by: "local" });
});

test("finish() and discard() send the original a Rst as soon as it has everything", () => {
  const { original: { peer }, near, far } = meeting();
  new StreamWriter(peer.end, near, 20_000, 0);
  peer.end.discard(near);
  peer.run(400);
  hasBytes(far, 20_000);
  assert.equal(far.isDead, true);
  assert.equal(peer.end.mux.stats.streams, 0);
});

test("MuxMachine takes a silent stream of the original for a full reader, asks now and then, and goes on", () => {
  const { original: { peer }, near, far } = meeting();
  new StreamWriter(peer.end, near, 300_000, 0);
  far.isReading = false;
  peer.run(60_000);
  assert.equal(near.phase, "open");
  assert.equal(peer.end.isDead, false);
  assert.ok(far.dropped > 0);
  peer.take();
  peer.run(20_000);
  const asked = peer.take().length;
  assert.ok(asked >= 5 && asked <= 4 * 45, `${asked}`);
  far.resume();
  peer.run(15_000);
  hasBytes(far, 300_000);
});

test("MuxMachine serves other streams while a reader of the original is full", () => {
  const { clock, original, near, far } = meeting();
  const { peer } = original;
  new StreamWriter(peer.end, near, 1_000_000, 0);
  far.isReading = false;
  peer.run(5_000);
  const other = peer.end.open();
  const start = clock.now;
  new StreamWriter(peer.end, other, 200_000, 0);
  while (original.streams[1]?.bytes.length !== 200_000) clock.step(Infinity);
  assert.ok(clock.now - start < 5_000, `${clock.now - start}`);
  assert.equal(near.refusal.isRefused, true);
});

test("MuxMachine notices the end of a stream of the original also when its Rst was lost", () => {
  const { original: { peer }, near, far } = meeting();
  const reader = new StreamReader(peer.end, near, 1);
  far.write(saltedBytes(0, 5_000, 1));
  peer.run(1_000);
  far.isDead = true;
  peer.run(5_000);
  assert.deepEqual(near.end, { by: "remote" });
  assert.deepEqual([reader.bytes, reader.isGood], [5_000, true]);
  assert.notEqual(reader.endedAt, undefined);
});

test("MuxMachine reminds the original of an idle stream with an acknowledgement now and then", () => {
  const { original: { peer } } = meeting();
  peer.run(600_000);
  const types = peer.take().map(({ type }) => type);
  assert.deepEqual(types, ["syn", ...Array(types.length - 1).fill("dataAck")]);
  assert.equal(types.length - 1, 13);
});
