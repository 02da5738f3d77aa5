import { test } from "node:test";
import assert from "node:assert/strict";
import { MuxMachine } from "../../src/mux/machine.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import { Random } from "../../src/random.ts";
import { decodeMessage } from "../../src/wire/message.ts";
import { VirtualClock } from "../../src/sim/clock.ts";
import { testEachSeed } from "../support/each_seed.ts";
import { FixedCongestion } from "../support/fixed_congestion.ts";
import { MuxPair } from "../support/mux_pair.ts";
import { ScriptedPeer } from "../support/scripted_peer.ts";
import { seededSource } from "../support/seeded_random.ts";

const EMPTY = Uint8Array.of(2, 0, 0, 0);
const PING = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
const DEAD_AFTER = 10_000;

function newMachine(congestion = new FixedCongestion()): MuxMachine {
  const random = new Random(seededSource(1));
  const rtt = new RttEstimator(50);
  return new MuxMachine({ role: "client", random, rtt, congestion, deadAfter: DEAD_AFTER }, 0);
}

/** Sends all that there is; returns what it was. */
function drain(mux: MuxMachine, firstFrame: number): string[] {
  const sent: string[] = [];
  const memory = new Uint8Array(1400);
  for (let frame = firstFrame;; frame++) {
    const length = mux.pollTransmit(memory, 0);
    if (length === 0) return sent;
    mux.onFrameSent(frame, 0);
    const message = decodeMessage(memory.subarray(0, length));
    sent.push(message?.kind === "stream" ? message.type : message?.kind ?? "ping");
  }
}

/** A peer that has opened a stream to the machine, or has been opened one. */
function meeting(isOpener: boolean, deadAfter = DEAD_AFTER) {
  const peer = new ScriptedPeer(new VirtualClock(), { deadAfter });
  const opened = isOpener ? peer.end.open() : undefined;
  if (opened === undefined) peer.send("syn", 5);
  else peer.send("synAck", opened.id);
  peer.run(100);
  const stream = opened ?? peer.end.incoming[0]!;
  assert.equal(stream.phase, "open");
  return { peer, stream };
}

test("handleBody() answers a body that is no message by Empty, and Empty by nothing", () => {
  const mux = newMachine();
  mux.handleBody(Uint8Array.of(9, 9, 9, 9), 0);
  mux.handleBody(new Uint8Array(0), 0);
  assert.deepEqual(drain(mux, 0), ["empty", "empty"]);
  assert.equal(mux.stats.malformed, 2);
  mux.handleBody(EMPTY, 0);
  assert.deepEqual(drain(mux, 2), []);
  mux.handleBody(PING, 0);
  assert.deepEqual(drain(mux, 2), ["empty"]);
  assert.equal(mux.stats.malformed, 2);
});

test("ping() asks the other side for a sign of life by a body that is no message", () => {
  const pair = new MuxPair();
  pair.client.mux.ping();
  pair.client.flush();
  pair.run(100);
  assert.deepEqual([pair.client.packetsSent, pair.server.packetsSent], [1, 1]);
  assert.equal(pair.client.rtt.latest, 50);
  assert.equal(pair.server.mux.stats.malformed, 0);
  assert.equal(pair.client.mux.deadline, Infinity);
});

test("pollTransmit() sends a ping, answers, what streams owe, unreliable messages, and segments", () => {
  const mux = newMachine();
  mux.handleBody(bodyOf("syn", 5), 0);
  const event = mux.pollEvent();
  assert.equal(event?.kind, "incoming");
  if (event?.kind !== "incoming") return;
  mux.streams.write(event.stream, new Uint8Array(10), 0);
  mux.sendUnreliable(Uint8Array.of(1));
  mux.handleBody(Uint8Array.of(9), 0);
  mux.ping();
  assert.deepEqual(drain(mux, 0), ["ping", "empty", "synAck", "unreliable", "data"]);
});

test("pollTransmit() holds back segments alone when the window is full", () => {
  const congestion = new FixedCongestion(1);
  const mux = newMachine(congestion);
  mux.handleBody(bodyOf("syn", 5), 0);
  const event = mux.pollEvent();
  if (event?.kind !== "incoming") return assert.fail();
  mux.streams.write(event.stream, new Uint8Array(5_000), 0);
  assert.deepEqual(drain(mux, 0), ["synAck", "data"]);
  mux.sendUnreliable(Uint8Array.of(1));
  mux.handleBody(PING, 0);
  mux.handleBody(bodyOf("data", 5), 0);
  assert.deepEqual(drain(mux, 2), ["empty", "dataAck", "unreliable"]);
  congestion.window = 2;
  assert.deepEqual(drain(mux, 5), ["data"]);
});

test("pollEvent() tells of a stream before it tells of its changes, and of each change once", () => {
  const mux = newMachine();
  mux.handleBody(bodyOf("syn", 5), 0);
  mux.handleBody(bodyOf("data", 5), 0);
  mux.handleBody(bodyOf("data", 5), 0);
  mux.handleBody(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7), 0);
  const kinds: (string | undefined)[] = [];
  for (let i = 0; i < 4; i++) kinds.push(mux.pollEvent()?.kind);
  assert.deepEqual(kinds, ["incoming", "stream", "unreliable", undefined]);
  assert.deepEqual(mux.takeUnreliable(), Uint8Array.of(7));
  assert.equal(mux.takeUnreliable(), undefined);
});

test("stats counts unreliable messages that nobody read in time", () => {
  const mux = newMachine();
  for (let i = 0; i < 2_100; i++) {
    mux.handleBody(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7), 0);
  }
  assert.equal(mux.stats.unreliableDropped, 2_100 - 2_048);
});

test("MuxMachine notices a dead peer in deadAfter when data, a Syn or a Fin is not answered", () => {
  for (const what of ["syn", "data", "fin"] as const) {
    for (const deadAfter of [5_000, 10_000, 30_000]) {
      const { peer, stream } = meeting(true, deadAfter);
      peer.run(1_000_000);
      assert.equal(peer.end.isDead, false);
      peer.isDeaf = true;
      const start = peer.clock.now;
      if (what === "syn") peer.end.open();
      else if (what === "data") peer.end.write(stream, Uint8Array.of(1));
      else peer.end.finish(stream);
      while (!peer.end.isDead && peer.clock.now < start + 100_000) peer.clock.step(Infinity);
      assert.equal(peer.clock.now - start, deadAfter, what);
    }
  }
});

test("MuxMachine tells once that the peer is dead", () => {
  const { peer, stream } = meeting(true);
  peer.isDeaf = true;
  peer.end.write(stream, Uint8Array.of(1));
  peer.run(DEAD_AFTER);
  assert.equal(peer.end.isDead, true);
  peer.end.isDead = false;
  peer.run(DEAD_AFTER);
  assert.equal(peer.end.isDead, false);
});

testEachSeed({
  name: "MuxMachine does not take a peer for dead that answers, however bad the path is",
  file: import.meta.url,
  seeds: 5,
  run: (seed) => {
    const link = { delay: 100, loss: 0.5 };
    const pair = new MuxPair({ seed, link, deadAfter: 30_000 });
    const near = pair.client.open();
    for (let i = 0; i < 100; i++) {
      pair.client.write(near, new Uint8Array(100));
      pair.run(1_000);
    }
    assert.deepEqual([pair.client.isDead, pair.server.isDead], [false, false]);
  },
});

test("MuxMachine asks again when it was called late, and what it was late by is not waited", () => {
  const mux = newMachine();
  mux.streams.openStream("", 0);
  assert.deepEqual(drain(mux, 0), ["syn"]);
  mux.handleTimeout(60_000);
  const kinds: string[] = [];
  for (let event = mux.pollEvent(); event; event = mux.pollEvent()) kinds.push(event.kind);
  assert.deepEqual(kinds, ["stream"]);
  assert.deepEqual(drain(mux, 1), ["ping"]);
  let now = 60_000;
  let kind: string | undefined;
  while (kind !== "dead") {
    now = mux.deadline;
    mux.handleTimeout(now);
    kind = mux.pollEvent()?.kind;
    drain(mux, now);
  }
  // It was to ask after 1.5 s, and to wait for 10 s.
  assert.equal(now, 10_000 + 60_000 - 1_500);
});

test("MuxMachine sends nothing and waits for nothing while nobody says anything", () => {
  const pair = new MuxPair();
  const near = pair.client.open();
  pair.run(1_000);
  pair.client.write(near, new Uint8Array(10_000));
  pair.run(5_000);
  const sent = [pair.client.packetsSent, pair.server.packetsSent];
  assert.deepEqual([pair.client.mux.deadline, pair.server.mux.deadline], [Infinity, Infinity]);
  pair.run(1_000_000);
  assert.deepEqual([pair.client.packetsSent, pair.server.packetsSent], sent);
  pair.client.write(near, new Uint8Array(10));
  pair.run(1_000);
  assert.equal(pair.server.incoming[0]?.receiving.readable, 10_010);
});

test("MuxMachine measures no round trip at a Rst, and expects no answer: none need come", () => {
  const pair = new MuxPair();
  for (let i = 0; i < 5; i++) {
    const near = pair.client.open();
    pair.run(1_000);
    pair.client.cut(near);
    pair.run(100);
    assert.equal(pair.server.mux.deadline, Infinity);
    pair.run(1_000);
  }
  assert.equal(pair.server.rtt.known, false);
});

/** A body with a message of a stream. */
function bodyOf(type: "syn" | "data" | "dataAck", streamId: number, sequence = 0): Uint8Array {
  const body = new Uint8Array(26);
  body[0] = 1;
  body[4] = { syn: 0, data: 2, dataAck: 3 }[type];
  body[8] = streamId;
  body[10] = sequence;
  if (type === "dataAck") body[18] = 8;
  return body;
}

/** An unreliable message of one byte comes in a frame of that number. */
function hear(mux: MuxMachine, frame: number, now: number): void {
  mux.onFrameReceived(frame, now);
  mux.handleBody(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7), now);
}

test("MuxMachine reports unreliable messages that came, by an Empty of its own, when it has nothing to say", () => {
  const mux = newMachine();
  hear(mux, 0, 0);
  hear(mux, 1, 100);
  assert.deepEqual(drain(mux, 0), []);
  assert.equal(mux.deadline, 500);
  mux.handleTimeout(500);
  assert.deepEqual(drain(mux, 0), ["empty"]);
  assert.equal(mux.deadline, Infinity);
});

test("MuxMachine reports at once what came on a path that loses, and nothing that it has said already", () => {
  const mux = newMachine();
  hear(mux, 0, 0);
  hear(mux, 3, 40);
  assert.equal(mux.deadline, 40);
  mux.handleTimeout(40);
  mux.sendUnreliable(Uint8Array.of(1));
  assert.deepEqual(drain(mux, 0), ["unreliable", "ping"]);
  mux.handleTimeout(1_000);
  assert.deepEqual(drain(mux, 2), []);
});

test("MuxMachine does not report what says nothing itself, so that two ends do not talk for ever", () => {
  const mux = newMachine();
  mux.onFrameReceived(5, 0);
  mux.handleBody(EMPTY, 0);
  mux.onFrameReceived(9, 10);
  mux.handleBody(EMPTY, 10);
  assert.equal(mux.deadline, Infinity);
  const pair = new MuxPair({ link: { delay: 5, loss: 0.1 } });
  for (let i = 0; i < 200; i++) {
    pair.client.mux.sendUnreliable(Uint8Array.of(i));
    pair.client.flush();
    pair.run(10);
  }
  pair.run(60_000);
  const reports = pair.server.packetsSent;
  assert.ok(reports > 20 && reports <= 2 * 40 + 5, `${reports}`);
  const { packetsSent } = pair.client;
  assert.ok(packetsSent >= 202 && packetsSent <= 206, `${packetsSent}`);
});

test("MuxMachine asks once a second while unreliable messages leave, so that the round trip stays known", () => {
  const pair = new MuxPair({ link: { delay: 30 } });
  for (let i = 0; i < 150; i++) {
    pair.client.mux.sendUnreliable(Uint8Array.of(i));
    pair.client.flush();
    pair.run(20);
  }
  assert.equal(pair.client.rtt.latest, 60);
  assert.ok(pair.client.packetsSent >= 152 && pair.client.packetsSent <= 154);
  pair.run(10_000);
  assert.ok(pair.client.packetsSent <= 154, "and not when nothing is sent");
});

test("maxAge tells how old the body may be that was polled last: an unreliable one says it itself", () => {
  const mux = newMachine();
  const memory = new Uint8Array(1400);
  mux.sendUnreliable(Uint8Array.of(1), 80);
  mux.sendUnreliable(Uint8Array.of(2));
  mux.ping();
  const ages: number[] = [];
  for (let frame = 0; mux.pollTransmit(memory, 0) > 0; frame++) {
    ages.push(mux.maxAge);
    mux.onFrameSent(frame, 0);
  }
  assert.deepEqual(ages, [0, 80, 0]);
});

test("maxAge wants openings and the last 16 segments repaired, and neither bulk nor acknowledgements", () => {
  const mux = newMachine();
  mux.handleBody(bodyOf("syn", 5), 0);
  const event = mux.pollEvent();
  if (event?.kind !== "incoming") return assert.fail();
  mux.streams.onOwnKind();
  mux.streams.write(event.stream, new Uint8Array(40 * 1_330), 0);
  mux.handleBody(bodyOf("data", 5), 0);
  const memory = new Uint8Array(1400);
  const ages: (readonly [string, number])[] = [];
  for (let frame = 0; mux.pollTransmit(memory, frame) > 0; frame++) {
    const message = decodeMessage(memory);
    ages.push([message?.kind === "stream" ? message.type : "other", mux.maxAge]);
    mux.onFrameSent(frame, frame);
  }
  assert.deepEqual(ages.slice(0, 2), [["synAck", 50], ["dataAck", 0]]);
  const data = ages.filter(([type]) => type === "data").map(([, age]) => age);
  const tail = data.indexOf(50);
  assert.equal(data.length, 40);
  assert.ok(tail >= 24 && tail <= 25, `${tail}`);
  assert.deepEqual(data, data.map((_, i) => i < tail ? 0 : 50));
});

test("MuxMachine sends a tail twice on a path that loses, unless it is repaired otherwise", () => {
  for (const isRepaired of [false, true]) {
    const random = new Random(seededSource(1));
    const rtt = new RttEstimator(50);
    const congestion = new FixedCongestion();
    const options = { role: "client", random, rtt, congestion, deadAfter: 10_000 } as const;
    const mux = new MuxMachine({ ...options, isRepaired }, 0);
    mux.handleBody(bodyOf("syn", 5), 0);
    const event = mux.pollEvent();
    if (event?.kind !== "incoming") return assert.fail();
    mux.streams.onOwnKind();
    mux.streams.write(event.stream, new Uint8Array(10 * 1_330), 0);
    const sent = drain(mux, 0);
    assert.equal(sent.length, 11);
    mux.streams.onCounters(10, 2);
    mux.handleBody(Uint8Array.of(...bodyOf("dataAck", 5, 10), ...new Uint8Array(8)), 50);
    mux.streams.write(event.stream, new Uint8Array(3 * 1_330), 50);
    assert.deepEqual(drain(mux, 11), ["data", "data", "data"]);
    mux.handleTimeout(70);
    assert.deepEqual(drain(mux, 14), isRepaired ? [] : ["data", "data", "data"]);
  }
});

test("setSought() leaves the asking to whoever looks for the peer, and that alone: ping() asks still", () => {
  const mux = newMachine();
  const memory = new Uint8Array(1400);
  let frame = 0;
  let pings = 0;
  const run = (from: number, until: number) => {
    for (let now = from; now < until; now += 10) {
      mux.handleTimeout(now);
      for (let length = 1; (length = mux.pollTransmit(memory, now)) > 0;) {
        mux.onFrameSent(frame++, now);
        if (decodeMessage(memory.subarray(0, length)) === undefined) pings++;
      }
    }
  };
  mux.setSought(true);
  mux.ping();
  run(0, 5_000);
  assert.equal(pings, 1);
  mux.setSought(false);
  run(5_000, 9_000);
  assert.ok(pings > 1, "it asks by itself again");
  // It is as patient as before.
  run(9_000, DEAD_AFTER + 100);
  const kinds: string[] = [];
  for (let event = mux.pollEvent(); event; event = mux.pollEvent()) kinds.push(event.kind);
  assert.ok(kinds.includes("dead"), `${kinds}`);
});
