import { test } from "node:test";
import assert from "node:assert/strict";
import { VirtualClock } from "../../src/sim/clock.ts";
import { MOST_PAYLOAD } from "../../src/sim/segment.ts";
import { StreamSender } from "../../src/sim/stream_sender.ts";

const WINDOW = 1_000_000;
const FULL = MOST_PAYLOAD;

/** A sender whose acknowledgements are written by hand. */
class Bench {
  readonly clock = new VirtualClock();
  /** What was sent since it was last asked: place and length. */
  sent: [place: number, length: number][] = [];
  isLost = false;
  readonly sender: StreamSender;

  constructor(window = WINDOW) {
    this.sender = new StreamSender({
      clock: this.clock,
      transmit: (place, { length }, isLast) => {
        this.sent.push([place, length + (isLast ? 0.5 : 0)]);
      },
      onLost: () => void (this.isLost = true),
    });
    this.sender.onAck(1, window, true);
  }

  /** What was sent since it was last asked. */
  take(): [place: number, length: number][] {
    return this.sent.splice(0);
  }

  pass(time: number): void {
    this.clock.run(this.clock.now + time);
  }

  /** The other end has so many full packets. */
  ack(packets: number, window = WINDOW): void {
    this.sender.onAck(1 + packets * FULL, window, true);
  }
}

/** The places of so many full packets. */
function packets(from: number, count: number): [place: number, length: number][] {
  return Array.from({ length: count }, (_, i) => [1 + (from + i) * FULL, FULL]);
}

test("StreamSender begins with ten packets, and has twice as many in flight after each round trip", () => {
  const bench = new Bench();
  bench.sender.write(new Uint8Array(100 * FULL));
  assert.deepEqual(bench.take(), packets(0, 10));
  bench.pass(50);
  for (let i = 1; i <= 10; i++) bench.ack(i);
  assert.deepEqual(bench.take(), packets(10, 20));
  bench.pass(50);
  for (let i = 11; i <= 30; i++) bench.ack(i);
  assert.deepEqual(bench.take(), packets(30, 40));
});

test("StreamSender sends a packet again after three repeats, and half as much from then on", () => {
  const bench = new Bench();
  bench.sender.write(new Uint8Array(100 * FULL));
  bench.take();
  bench.pass(50);
  bench.ack(0);
  bench.ack(0);
  assert.deepEqual(bench.take(), []);
  bench.ack(0);
  assert.deepEqual(bench.take(), packets(0, 1));
  bench.pass(50);
  bench.ack(10);
  assert.deepEqual(bench.take(), packets(10, 5));
});

test("StreamSender fills each gap that it finds behind the one that was filled", () => {
  const bench = new Bench();
  bench.sender.write(new Uint8Array(10 * FULL));
  bench.take();
  bench.pass(50);
  for (let i = 0; i < 3; i++) bench.ack(0);
  assert.deepEqual(bench.take(), packets(0, 1));
  bench.ack(4);
  assert.deepEqual(bench.take(), packets(4, 1));
  bench.ack(7);
  assert.deepEqual(bench.take(), packets(7, 1));
});

test("StreamSender begins again from the first missing byte when nothing is heard", () => {
  const bench = new Bench();
  bench.sender.write(new Uint8Array(10 * FULL));
  bench.take();
  bench.pass(999);
  assert.deepEqual(bench.take(), []);
  bench.pass(1);
  assert.deepEqual(bench.take(), packets(0, 1));
  bench.pass(1_999);
  assert.deepEqual(bench.take(), []);
  bench.pass(1);
  assert.deepEqual(bench.take(), packets(0, 1));
  bench.ack(1);
  assert.deepEqual(bench.take(), packets(1, 2));
});

test("StreamSender waits a little longer than the round trip that it has measured, 200 ms at least", () => {
  const bench = new Bench();
  for (let round = 1; round <= 20; round++) {
    bench.sender.write(new Uint8Array(FULL));
    bench.pass(20);
    bench.ack(round);
  }
  bench.sender.write(new Uint8Array(FULL));
  bench.take();
  bench.pass(199);
  assert.deepEqual(bench.take(), []);
  bench.pass(1);
  assert.deepEqual(bench.take(), packets(20, 1));
});

test("StreamSender takes the other end for lost after ten timeouts in a row", () => {
  const bench = new Bench();
  bench.sender.write(new Uint8Array(1));
  bench.pass(1_000 + 2_000 + 4_000 + 8_000 + 16_000 + 32_000 + 4 * 60_000);
  assert.equal(bench.sent.length, 1 + 10);
  assert.equal(bench.isLost, false);
  bench.pass(60_000);
  assert.equal(bench.isLost, true);
});

test("StreamSender asks with one byte whether a closed window is open again", () => {
  const bench = new Bench(2 * FULL);
  bench.sender.write(new Uint8Array(5 * FULL));
  assert.deepEqual(bench.take(), packets(0, 2));
  bench.ack(2, 0);
  bench.pass(5_000);
  const probes = bench.take();
  assert.ok(probes.length >= 2 && probes.length < 10);
  assert.ok(probes.every(([place, length]) => place === 1 + 2 * FULL && length === 1));
  bench.sender.onAck(2 + 2 * FULL, 3 * FULL, true);
  assert.deepEqual(bench.take()[0], [2 + 2 * FULL, FULL]);
});

test("StreamSender tells of the end with the last byte, and is done when that has arrived", () => {
  const bench = new Bench();
  bench.sender.write(new Uint8Array(5));
  bench.sender.finish();
  bench.sender.finish();
  assert.deepEqual(bench.take(), [[1, 5], [6, 0.5]]);
  bench.sender.onAck(6, WINDOW, true);
  assert.equal(bench.sender.isDone, false);
  bench.sender.onAck(7, WINDOW, true);
  assert.equal(bench.sender.isDone, true);
  assert.equal(bench.clock.pending, 0);
});

test("StreamSender takes what there is room for: 256 KiB that are not acknowledged", () => {
  const bench = new Bench();
  assert.equal(bench.sender.write(new Uint8Array(300_000)), 262_144);
  assert.equal(bench.sender.room, 0);
  bench.ack(10);
  assert.equal(bench.sender.room, 10 * FULL);
});

test("StreamSender does not believe an acknowledgement of what it never sent", () => {
  const bench = new Bench();
  bench.sender.write(new Uint8Array(5));
  bench.sender.onAck(1_000, WINDOW, true);
  assert.equal(bench.sender.room, 262_144 - 5);
});

test("StreamSender.stop() sends nothing any more", () => {
  const bench = new Bench();
  bench.sender.write(new Uint8Array(5));
  bench.take();
  bench.sender.stop();
  bench.pass(10_000);
  bench.sender.write(new Uint8Array(5));
  assert.deepEqual([bench.take(), bench.clock.pending], [[], 0]);
});
