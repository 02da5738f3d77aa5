/**
 * What a hostile packet costs, counted in look-ups: time says little on a machine that others use too.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { ByteBudget } from "../../src/byte_budget.ts";
import { Inflight } from "../../src/mux/inflight.ts";
import { MuxMachine } from "../../src/mux/machine.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import { SegmentQueue } from "../../src/mux/segment_queue.ts";
import { SendBuffer } from "../../src/mux/send_buffer.ts";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { Random } from "../../src/random.ts";
import { encodeAckList } from "../../src/wire/ack_list.ts";
import { encodeMessage, type StreamMessageType } from "../../src/wire/message.ts";
import { Writer } from "../../src/wire/writer.ts";
import { FixedCongestion } from "../support/fixed_congestion.ts";
import { seededSource } from "../support/seeded_random.ts";

const MIB = 2 ** 20;
const NOTHING = new Uint8Array(0);

/** Segments between the first and the last unacknowledged one, at the most. */
const MOST_SPAN = 8_192;

let lookUps = 0;

/** Counts the calls of a method that looks at one frame, one segment or one place of a queue. */
function count(owner: object, name: string): void {
  const method: unknown = Reflect.get(owner, name);
  assert.ok(typeof method === "function");
  Reflect.set(owner, name, function (this: unknown, ...parameters: unknown[]) {
    lookUps++;
    return Reflect.apply(method, this, parameters);
  });
}
count(Inflight.prototype, "at");
count(SendBuffer.prototype, "segmentAt");
count(SegmentQueue.prototype, "peek");

/** A machine, and a peer that says what it likes. */
class Victim {
  readonly mux: MuxMachine;
  now = 0;
  lastFrame = -1;
  #theirs = 0;
  readonly #memory = new Uint8Array(4_096);

  constructor(bytes = new ByteBudget(32 * MIB)) {
    this.mux = new MuxMachine({
      role: "server",
      random: new Random(seededSource(1)),
      rtt: new RttEstimator(30),
      congestion: new FixedCongestion(100_000),
      deadAfter: 30_000,
      bytes,
    }, 0);
    this.mux.streams.onOwnKind();
  }

  /** Sends all that wants to leave, and listens to all that is told. */
  flush(): StreamMachine[] {
    const opened: StreamMachine[] = [];
    while (this.mux.pollTransmit(this.#memory, this.now) > 0) {
      this.mux.onFrameSent(++this.lastFrame, this.now);
    }
    for (let event = this.mux.pollEvent(); event; event = this.mux.pollEvent()) {
      if (event.kind === "incoming") opened.push(event.stream);
    }
    return opened;
  }

  /** The peer says something; returns how many look-ups that cost. */
  hear(
    type: StreamMessageType,
    streamId: number,
    sequence: number,
    payload = NOTHING,
    counters: readonly [highest: number, total: number] = [0, 0],
  ): number {
    const writer = new Writer(this.#memory);
    encodeMessage({ kind: "stream", type, streamId, sequence, payload }, writer);
    const before = lookUps;
    this.mux.onFrameReceived(this.#theirs++, this.now);
    this.mux.streams.onCounters(...counters);
    this.mux.handleBody(this.#memory.subarray(0, writer.length), this.now);
    return lookUps - before;
  }

  /** The peer acknowledges. */
  ack(
    stream: StreamMachine,
    lowestMissing: number,
    entries: readonly number[],
    counters: readonly [highest: number, total: number],
  ): number {
    const memory = new Uint8Array(8 * (entries.length + 2));
    const writer = new Writer(memory);
    encodeAckList(entries, 2 * MOST_SPAN, writer);
    const list = memory.subarray(0, writer.length);
    return this.hear("dataAck", stream.id, lowestMissing, list, counters);
  }

  /** A stream with as much in flight as there may be. */
  busyStream(): StreamMachine {
    const stream = this.mux.streams.openStream("", 0);
    assert.ok(stream !== undefined);
    this.flush();
    this.hear("synAck", stream.id, 0);
    const chunk = new Uint8Array(256 * 1024);
    for (; stream.sending.next < MOST_SPAN && this.now < 5_000; this.now++) {
      this.mux.streams.write(stream, chunk, this.now);
      this.flush();
    }
    assert.equal(stream.sending.next, MOST_SPAN);
    return stream;
  }
}

const range = (from: number, length: number) => Array.from({ length }, (_, i) => from - i);

test("B-ACK: 256 sacks in reverse, with 8,192 segments in flight, cost a few look-ups each", () => {
  const victim = new Victim();
  const stream = victim.busyStream();
  const early = [20, 10] as const;
  for (let newest = MOST_SPAN - 1; newest > 256; newest -= 256) {
    const cost = victim.ack(stream, 0, range(newest, 256), early);
    assert.ok(cost <= 8 * 256, `${cost} look-ups at ${newest}`);
  }
  for (let again = 0; again < 100; again++) {
    const cost = victim.ack(stream, 0, range(MOST_SPAN - 1, 256), early);
    assert.ok(cost <= 8 * 256, `${cost} look-ups for what was said before`);
  }
});

test("B-ACK: one packet that loses or acknowledges everything costs a few look-ups a segment, once", () => {
  const victim = new Victim();
  const stream = victim.busyStream();
  victim.now += 100;
  const all = [victim.lastFrame, victim.lastFrame - MOST_SPAN / 2] as const;
  const losing = victim.ack(stream, 0, [MOST_SPAN - 1], all);
  assert.ok(losing > MOST_SPAN && losing <= 6 * MOST_SPAN, `${losing} look-ups`);
  for (let again = 0; again < 10; again++) {
    const cost = victim.ack(stream, 0, [MOST_SPAN - 1], all);
    assert.ok(cost <= 64, `${cost} look-ups when it is said again`);
  }
  const acking = victim.ack(stream, MOST_SPAN, [], all);
  assert.ok(acking <= 6 * MOST_SPAN, `${acking} look-ups`);
  assert.equal(stream.sending.first, MOST_SPAN);
});

test("B-ACK: an acknowledgement of the future resets the stream, at once", () => {
  const victim = new Victim();
  const stream = victim.busyStream();
  const cost = victim.ack(stream, 0, [MOST_SPAN], [20, 10]);
  assert.equal(stream.end?.by, "error");
  assert.ok(cost <= 6 * MOST_SPAN, `${cost} look-ups`);
});

test("R10: what was acknowledged keeps no bytes, though a gap below stays open for ever", () => {
  const victim = new Victim();
  const stream = victim.busyStream();
  for (let newest = MOST_SPAN - 1; newest > 256; newest -= 256) {
    victim.ack(stream, 0, range(newest, 256), [20, 10]);
  }
  let held = 0;
  for (let sequence = 0; sequence < MOST_SPAN; sequence++) {
    held += stream.sending.segmentAt(sequence)?.payload.length ?? 0;
  }
  assert.ok(held <= 256 * 1_400, `${held} bytes`);
});

test("B-REORDER: of 1,000 streams out of order a session holds 32 MiB, and others are unharmed", () => {
  const whole = new ByteBudget(256 * MIB);
  const bytes = new ByteBudget(32 * MIB, whole);
  const victim = new Victim(bytes);
  for (let id = 0; id < 1_000; id++) {
    victim.hear("syn", id, 0);
    if (id % 50 === 0) victim.flush();
  }
  victim.flush();
  const payload = new Uint8Array(1_330);
  const spread = [1, 2, 19_998, 19_999];
  for (let packet = 0; packet < 100_000; packet++) {
    const round = Math.floor(packet / 1_000);
    const sequence = round < 4 ? spread[round]! : 2 * round;
    victim.hear("data", packet % 1_000, sequence, payload);
    assert.ok(bytes.used <= 32 * MIB, `${bytes.used} bytes`);
    if (packet % 1_000 === 0) victim.flush();
  }
  assert.ok(bytes.used > 24 * MIB, `${bytes.used} bytes`);
  assert.ok(victim.mux.stats.messageDrops.segment > 50_000);
  assert.ok(victim.hear("data", 7, 0, payload) < 100);

  const other = new Victim(new ByteBudget(32 * MIB, whole));
  other.hear("syn", 1, 0);
  const [stream] = other.flush();
  assert.ok(stream !== undefined);
  for (let sequence = 5_000; sequence >= 0; sequence--) other.hear("data", 1, sequence, payload);
  assert.equal(stream.receiving.readable, 5_001 * payload.length);
  assert.equal(other.mux.stats.messageDrops.segment, 0);
});

test("R8: a process opens no more streams than it has memory for, and those that are open live on", () => {
  const whole = new ByteBudget(2 * MIB);
  const victims = Array.from({ length: 8 }, () => new Victim(new ByteBudget(32 * MIB, whole)));
  let refused = 0;
  for (const victim of victims) {
    for (let id = 0; id < 1_024; id++) {
      victim.hear("syn", id, 0);
      victim.flush();
    }
    refused += victim.mux.stats.refused;
  }
  const open = victims.reduce((sum, { mux }) => sum + mux.stats.streams, 0);
  assert.equal(open + refused, 8 * 1_024);
  assert.ok(whole.used <= 2 * MIB && open > 250, `${open} streams, ${whole.used} bytes`);
  assert.ok(whole.refusals > 0);
  const [first] = victims;
  assert.ok(first!.mux.stats.streams > 100);
  for (let sequence = 0; sequence < 20; sequence++) {
    first!.hear("data", 0, sequence, new Uint8Array(1_000));
  }
  assert.ok(first!.mux.stats.bytesReceived >= 1_000, "the first segment is paid for");
});
