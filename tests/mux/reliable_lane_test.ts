import { test } from "node:test";
import assert from "node:assert/strict";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { decodeAckList } from "../../src/wire/ack_list.ts";
import type { StreamMessage } from "../../src/wire/message.ts";
import { VirtualClock } from "../../src/sim/clock.ts";
import { FixedCongestion } from "../support/fixed_congestion.ts";
import { ScriptedPeer, type ScriptedPeerOptions } from "../support/scripted_peer.ts";

/** A stream that the peer has opened; the machine has said all that it has to say. */
function meeting(options: ScriptedPeerOptions = {}): { peer: ScriptedPeer; stream: StreamMachine } {
  const peer = new ScriptedPeer(new VirtualClock(), { role: "server", ...options });
  peer.send("syn", 4);
  peer.run(100);
  peer.take();
  return { peer, stream: peer.end.incoming[0]! };
}

/** What an acknowledgement says: the lowest missing segment, and the list. */
function said({ type, sequence, payload }: StreamMessage): [number, number[]] {
  assert.equal(type, "dataAck");
  const list = decodeAckList(payload)!;
  return [sequence, Array.from({ length: list.length }, (_, i) => list.at(i))];
}

/** When acknowledgements came, counted from now. */
function ackTimes(peer: ScriptedPeer, duration: number): number[] {
  const [start, before] = [peer.clock.now, peer.received.length];
  peer.run(duration);
  return peer.received.slice(before).map(({ at }) => at - start - 20);
}

test("ReliableLane acknowledges the first segment at once, and repeats it once after 20 ms", () => {
  const { peer } = meeting();
  peer.send("data", 4, 0, Uint8Array.of(1));
  assert.deepEqual(ackTimes(peer, 10_000), [0, 20]);
  assert.deepEqual(peer.take().map(said), [[1, []], [1, []]]);
});

test("ReliableLane acknowledges at 16 segments, and 5 ms after the last acknowledgement", () => {
  const { peer } = meeting();
  for (let i = 0; i < 20; i++) peer.send("data", 4, i, Uint8Array.of(1));
  assert.deepEqual(ackTimes(peer, 10_000), [0, 0, 5, 25]);
  assert.deepEqual(peer.take().map(said), [[1, []], [17, []], [20, []], [20, []]]);
});

test("ReliableLane lists what lies above a gap, and repeats the entries of four lists", () => {
  const { peer } = meeting();
  for (let i = 1; i <= 8; i++) {
    peer.send("data", 4, 2 * i, Uint8Array.of(1));
    peer.run(6);
  }
  peer.run(14);
  assert.deepEqual(peer.take().slice(0, 7).map(said), [
    [0, [2]],
    [0, [4, 2]],
    [0, [6, 4, 2]],
    [0, [8, 6, 4, 2]],
    [0, [10, 8, 6, 4, 2]],
    [0, [12, 10, 8, 6, 4]],
    [0, [14, 12, 10, 8, 6]],
  ]);
});

test("ReliableLane acknowledges a segment again that was received before", () => {
  const { peer } = meeting();
  peer.send("data", 4, 3, Uint8Array.of(1));
  for (let i = 0; i < 100; i++) {
    peer.send("data", 4, 5 + i, Uint8Array.of(1));
    peer.run(10);
  }
  peer.run(100);
  peer.take();
  peer.send("data", 4, 3, Uint8Array.of(1));
  peer.run(25);
  const [last] = peer.take().map(said);
  assert.equal(last?.[0], 0);
  assert.ok(last?.[1].includes(3), `${last?.[1]}`);
});

test("ReliableLane tells the flow limit to its own kind, and not to the original", () => {
  for (const isOwnKind of [true, false]) {
    const { peer } = meeting({ isOwnKind });
    peer.send("data", 4, 0, Uint8Array.of(1));
    peer.run(25);
    const [ack] = peer.take();
    const limit = decodeAckList(ack!.payload)?.limit;
    if (isOwnKind) assert.ok(limit! > 5_000);
    else assert.equal(limit, undefined);
  }
});

test("ReliableLane resets a stream of which the peer acknowledges what was never sent", () => {
  for (const [lowest, list] of [[2, []], [0, [1]], [0, [0, 2 ** 53 - 1]]] as const) {
    const { peer, stream } = meeting();
    peer.end.write(stream, Uint8Array.of(1));
    peer.run(20);
    peer.take();
    peer.ack(4, lowest, list);
    assert.deepEqual(peer.takeTypes(50)[0], "rst");
    assert.deepEqual([stream.end?.by, stream.end?.error?.code], ["error", "reset"]);
    assert.equal(peer.end.mux.stats.malformed, 1);
    peer.send("rst", 4);
    peer.run(50);
    assert.equal(peer.end.mux.stats.streams, 0);
  }
});

test("ReliableLane drops a list of acknowledgements that is broken or has more than 256 entries", () => {
  const { peer, stream } = meeting();
  peer.end.write(stream, Uint8Array.of(1));
  peer.run(20);
  const list = (count: number) => {
    const payload = new Uint8Array(8 * (count + 1));
    new DataView(payload.buffer).setUint16(0, count, true);
    return payload;
  };
  const memory = peer.end.mux.stats.malformed;
  peer.end.mux.streams.handleMessage(message("dataAck", 1, list(257)), peer.clock.now);
  peer.end.mux.streams.handleMessage(message("dataAck", 1, list(256).subarray(8)), peer.clock.now);
  peer.end.mux.streams.handleMessage(message("dataAck", 1, new Uint8Array(7)), peer.clock.now);
  assert.equal(peer.end.mux.stats.malformed, memory + 2);
  assert.equal(stream.sending.first, 1);
});

test("ReliableLane takes an acknowledgement for nothing that it had before", () => {
  const { peer, stream } = meeting();
  peer.end.write(stream, new Uint8Array(5_000));
  peer.run(20);
  peer.ack(4, 4, [0, 1, 2, 3]);
  peer.run(20);
  for (let i = 0; i < 3; i++) peer.ack(4, i, [i, 3, 0]);
  peer.run(100);
  assert.equal(stream.sending.first, 4);
  assert.equal(stream.end, undefined);
  assert.equal(peer.end.mux.deadline, Infinity);
});

test("write() takes as much as there is room for, and a change tells when there is more", () => {
  const { peer, stream } = meeting();
  peer.onMessage = (got) => {
    if (got?.kind === "stream" && got.type === "data") peer.ack(4, got.sequence + 1);
  };
  let changes = 0;
  peer.end.watch(stream, () => changes++);
  const taken = peer.end.mux.streams.write(stream, new Uint8Array(1_000_000), peer.clock.now);
  assert.equal(taken, 256 * 1024);
  assert.equal(stream.sending.room, 0);
  peer.end.flush();
  assert.ok(stream.sending.room > 0);
  assert.ok(changes > 0);
});

test("setMostBody() keeps segments within what a packet takes, at 1,330 bytes at the most", () => {
  const { peer, stream } = meeting({ congestion: new FixedCongestion() });
  const lengths = () => new Set(peer.take().map(({ payload }) => payload.length));
  peer.end.write(stream, new Uint8Array(13_300));
  peer.run(20);
  assert.deepEqual(lengths(), new Set([1_330]));
  peer.end.mux.streams.setMostBody(526);
  peer.end.mux.streams.write(stream, new Uint8Array(5_000), peer.clock.now);
  const into = new Uint8Array(1_400);
  assert.equal(peer.end.mux.pollTransmit(into, peer.clock.now), 526);
});

test("reset() takes the segments of the stream out of flight, and those of no other", () => {
  const { peer, stream } = meeting();
  const other = peer.end.open();
  peer.run(20);
  peer.send("synAck", other.id);
  peer.run(20);
  peer.end.write(stream, new Uint8Array(5_000));
  peer.end.write(other, new Uint8Array(5_000));
  peer.run(20);
  peer.end.cut(stream);
  peer.run(20);
  peer.send("rst", 4);
  peer.run(20);
  peer.take();
  peer.run(400);
  const again = peer.take();
  assert.ok(again.length > 0);
  assert.ok(again.every(({ streamId, type }) => streamId === other.id && type === "data"));
  peer.ack(other.id, 4);
  peer.run(5_000);
  assert.equal(peer.end.mux.deadline, Infinity);
});

test("abandon() ends all streams without a word", () => {
  const { peer, stream } = meeting();
  const other = peer.end.open();
  peer.end.write(stream, new Uint8Array(5_000));
  peer.run(20);
  peer.take();
  const end = { by: "timeout" } as const;
  peer.end.mux.streams.abandon(end, peer.clock.now);
  peer.end.flush();
  assert.deepEqual(peer.takeTypes(10_000), []);
  assert.deepEqual([stream.end, other.end], [end, end]);
  assert.equal(peer.end.mux.stats.streams, 0);
});

test("takeChanged() tells of each stream that has changed, once", () => {
  const { peer, stream } = meeting();
  const { streams } = peer.end.mux;
  streams.handleMessage(message("data", 0, Uint8Array.of(1)), peer.clock.now);
  streams.handleMessage(message("data", 1, Uint8Array.of(1)), peer.clock.now);
  assert.equal(streams.takeChanged(), stream);
  assert.equal(streams.takeChanged(), undefined);
});

test("ReliableLane does no more work for an acknowledgement than its entries and what they free", () => {
  const { peer, stream } = meeting({ congestion: new FixedCongestion(20_000, 10_000) });
  while (stream.sending.next < 8_192) {
    peer.end.write(stream, new Uint8Array(200_000));
    peer.run(0.1);
  }
  const list = new Uint8Array(8 * 257);
  const view = new DataView(list.buffer);
  view.setUint16(0, 256, true);
  for (let i = 0; i < 256; i++) view.setUint16(8 * (i + 1), 8_191 - i, true);
  const start = performance.now();
  for (let i = 0; i < 2_000; i++) {
    peer.end.mux.streams.handleMessage(message("dataAck", 0, list), peer.clock.now);
  }
  // 2,000 walks over 8,192 segments for 256 entries each would take a minute.
  assert.ok(performance.now() - start < 5_000);
  assert.equal(stream.sending.first, 0);
});

/** A message for the stream with the id 4. */
function message(type: "data" | "dataAck", sequence: number, payload: Uint8Array): StreamMessage {
  return { kind: "stream", type, streamId: 4, sequence, payload };
}
