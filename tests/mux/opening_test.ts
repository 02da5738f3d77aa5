import { test } from "node:test";
import assert from "node:assert/strict";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { VirtualClock } from "../../src/sim/clock.ts";
import { testEachSeed } from "../support/each_seed.ts";
import { MuxPair } from "../support/mux_pair.ts";
import { ScriptedPeer } from "../support/scripted_peer.ts";
import { assertQuiet } from "../support/stream_traffic.ts";

/** Answers questions for a sign of life, and nothing else. */
function answerPings(peer: ScriptedPeer): void {
  peer.onMessage = (message) => {
    if (message === undefined) peer.sendBody(Uint8Array.of(2, 0, 0, 0));
  };
}

test("openStream() takes one round trip, and carries the info", () => {
  const pair = new MuxPair({ link: { delay: 40 } });
  const near = pair.client.open("häuser 🏠");
  pair.run(79);
  assert.equal(near.phase, "opening");
  pair.run(2);
  assert.equal(near.phase, "open");
  const [far] = pair.server.incoming;
  assert.deepEqual([far?.id, far?.info, far?.phase], [near.id, "häuser 🏠", "open"]);
});

testEachSeed({
  name: "openStream() opens every stream on a bad path, each once",
  file: import.meta.url,
  seeds: 20,
  run: (seed) => {
    const link = { delay: 25, loss: 0.3, duplicate: 0.3, reorder: 0.3, reorderDelay: 300 };
    const pair = new MuxPair({ seed, link });
    const streams = Array.from({ length: 20 }, (_, i) => pair.client.open(`${i}`));
    pair.run(29_000, () => streams.every(({ phase }) => phase === "open"));
    assert.deepEqual(new Set(streams.map(({ phase }) => phase)), new Set(["open"]), `seed ${seed}`);
    const infos = pair.server.incoming.map(({ info }) => Number(info)).sort((a, b) => a - b);
    assert.deepEqual(infos, streams.map((_, i) => i));
  },
});

test("openStream() from both ends at the same instant opens 2,000 distinct streams", () => {
  const pair = new MuxPair({ link: { delay: 25, loss: 0.02 } });
  const own: StreamMachine[] = [];
  for (let i = 0; i < 1_000; i++) own.push(pair.client.open(), pair.server.open());
  pair.run(20_000);
  assert.ok(own.every(({ phase }) => phase === "open"));
  assert.equal(new Set(own.map(({ id }) => id)).size, 2_000);
  assert.equal(pair.client.incoming.length, 1_000);
  assert.equal(pair.server.incoming.length, 1_000);
});

test("openStream() is refused by a Rst when the other side has 1,024 streams of ours open", () => {
  const pair = new MuxPair();
  const streams = Array.from({ length: 1_030 }, () => pair.client.open());
  pair.run(5_000);
  const refused = streams.filter(({ end }) => end?.error?.code === "reset");
  assert.equal(refused.length, 6);
  assert.equal(pair.server.mux.stats.refused, 6);
  for (const stream of streams) if (stream.phase === "open") pair.client.cut(stream);
  pair.run(5_000);
  assert.equal(pair.server.mux.stats.streams, 0);
  const next = pair.client.open();
  pair.run(100);
  assert.equal(next.phase, "open");
});

test("C14: openStream() fails after 30 s while the other side lives and does not answer", () => {
  const peer = new ScriptedPeer(new VirtualClock());
  answerPings(peer);
  const stream = peer.end.open();
  peer.run(29_900);
  assert.equal(stream.phase, "opening");
  const syns = peer.takeTypes();
  assert.ok(syns.length >= 10 && syns.length <= 20, `${syns.length}`);
  peer.run(200);
  assert.deepEqual([stream.phase, stream.end?.error?.code], ["closed", "no-answer"]);
  assert.equal(peer.end.isDead, false);
  peer.run(30_000);
  assert.equal(peer.end.mux.deadline, Infinity);
  peer.take();
  peer.send("synAck", stream.id);
  assert.deepEqual(peer.takeTypes(100), ["rst"]);
});

test("C13: openStream() is opened by data as well: the SynAck may be lost", () => {
  const peer = new ScriptedPeer(new VirtualClock());
  const stream = peer.end.open();
  peer.run(15);
  peer.send("data", stream.id, 0, Uint8Array.of(1));
  peer.run(50);
  assert.equal(stream.phase, "open");
  assert.deepEqual([...peer.end.read(stream)], [1]);
  peer.run(10_000);
  assert.equal(peer.take().filter(({ type }) => type === "syn").length, 1);
});

test("C13: openStream() is no success when a Rst answers", () => {
  const peer = new ScriptedPeer(new VirtualClock());
  const stream = peer.end.open();
  peer.run(15);
  peer.send("rst", stream.id);
  peer.run(50);
  assert.deepEqual([stream.phase, stream.end?.error?.code], ["closed", "reset"]);
  peer.run(10_000);
  assert.deepEqual(peer.takeTypes(), ["syn"]);
  assert.equal(peer.end.mux.stats.streams, 0);
});

test("MuxMachine answers a Syn again of a stream that it knows, and opens nothing new", () => {
  const peer = new ScriptedPeer(new VirtualClock());
  for (let i = 0; i < 3; i++) peer.send("syn", 5);
  assert.deepEqual(peer.takeTypes(50), ["synAck", "synAck", "synAck"]);
  assert.equal(peer.end.incoming.length, 1);
});

test("MuxMachine opens another id at once when both sides have opened the same", () => {
  const peer = new ScriptedPeer(new VirtualClock(), { isOwnKind: false });
  const own = peer.end.open("own");
  const { id } = own;
  peer.run(15);
  peer.take();
  peer.send("syn", id, 0, new TextEncoder().encode("theirs"));
  peer.run(25);
  const sent = peer.take().map(({ type, streamId }) => [type, streamId]);
  assert.deepEqual(sent, [["syn", id + 2], ["synAck", id]]);
  assert.deepEqual([peer.end.incoming[0]?.id, peer.end.incoming[0]?.info], [id, "theirs"]);
  peer.send("synAck", id + 2);
  peer.run(25);
  assert.deepEqual([own.id, own.phase], [id + 2, "open"]);
});

test("H11: MuxMachine takes no Syn for an id that rests, for 120 s", () => {
  const peer = new ScriptedPeer(new VirtualClock());
  answerPings(peer);
  peer.send("syn", 5);
  peer.run(50);
  peer.send("rst", 5);
  peer.run(50);
  peer.take();
  peer.send("syn", 5);
  assert.deepEqual(peer.takeTypes(50), ["rst"]);
  peer.run(119_000);
  peer.send("syn", 5);
  assert.deepEqual(peer.takeTypes(50), ["rst"]);
  peer.run(1_000);
  peer.send("syn", 5);
  assert.deepEqual(peer.takeTypes(50), ["synAck"]);
});

test("MuxMachine answers messages of unknown streams by a Rst each, but not a Rst", () => {
  const peer = new ScriptedPeer(new VirtualClock(), { isOwnKind: false });
  for (const type of ["synAck", "data", "dataAck", "fin", "finAck"] as const) {
    peer.send(type, 77);
    assert.deepEqual(peer.takeTypes(50), ["rst"], type);
  }
  peer.send("rst", 77);
  assert.deepEqual(peer.takeTypes(50), []);
});

test("MuxMachine answers a Rst of our own kind for an unknown stream by a FinAck, and that by nothing", () => {
  const peer = new ScriptedPeer(new VirtualClock());
  peer.send("rst", 77);
  assert.deepEqual(peer.takeTypes(50), ["finAck"]);
  peer.send("finAck", 77);
  assert.deepEqual(peer.takeTypes(50), []);
});

test("MuxMachine survives a Syn for every id, and keeps 1,024 of them", () => {
  const peer = new ScriptedPeer(new VirtualClock());
  for (let id = 0; id < 65_536; id++) peer.send("syn", id);
  peer.run(100);
  assert.equal(peer.end.mux.stats.streams, 1_024);
  assert.equal(peer.end.mux.stats.refused, 65_536 - 1_024);
  const types = peer.take().map(({ type }) => type);
  assert.equal(types.filter((type) => type === "synAck").length, 1_024);
  assert.equal(types.filter((type) => type === "rst").length, 65_536 - 1_024);
});

test("MuxMachine opens and closes 5,000 streams one after another, and nothing is left of them", () => {
  const pair = new MuxPair({ link: { delay: 1, loss: 0.01 } });
  pair.server.onIncoming = (stream) => pair.server.close(stream);
  for (let i = 0; i < 5_000; i++) {
    const stream = pair.client.open();
    pair.client.write(stream, Uint8Array.of(1));
    pair.client.close(stream);
    assert.ok(pair.run(30_000, () => stream.phase === "closed"));
    assert.equal(stream.end?.error, undefined);
    if (i % 1_000 === 999) pair.run(10_000);
  }
  assertQuiet(pair);
});
