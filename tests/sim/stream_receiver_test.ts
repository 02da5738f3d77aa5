import { test } from "node:test";
import assert from "node:assert/strict";
import { ByteRing } from "../../src/sim/byte_ring.ts";
import { StreamReceiver } from "../../src/sim/stream_receiver.ts";
import { testEachSeed } from "../support/each_seed.ts";
import { saltedBytes } from "../support/salted_bytes.ts";
import { seededFraction } from "../support/seeded_random.ts";

const WINDOW = 256 * 1024;

testEachSeed({
  name: "StreamReceiver gives every byte once and in order, whatever comes when and how often",
  file: import.meta.url,
  seeds: 20,
  run: (seed) => {
    const next = seededFraction(seed);
    const all = saltedBytes(0, 20_000, seed);
    const receiver = new StreamReceiver();
    const got: number[] = [];
    for (let i = 0; !receiver.isFinished || receiver.readable > 0; i++) {
      assert.ok(i < 5_000);
      const from = 500 * Math.floor(next() * 40);
      const until = Math.min(all.length, from + Math.floor(next() * 2_000));
      receiver.take(1 + from, all.subarray(from, until), until === all.length);
      assert.equal(receiver.window, WINDOW - receiver.readable - (receiver.isFinished ? 1 : 0));
      if (next() < 0.5) got.push(...receiver.read(Math.floor(next() * 3_000)));
    }
    assert.deepEqual(Uint8Array.from(got), all);
    assert.equal(receiver.next, all.length + 2);
    assert.equal(receiver.hasGap, false);
  },
});

test("StreamReceiver takes nothing beyond its window", () => {
  const receiver = new StreamReceiver();
  receiver.take(1, new Uint8Array(WINDOW + 500).fill(1), false);
  assert.equal(receiver.readable, WINDOW);
  assert.equal(receiver.window, 0);
  receiver.take(1 + WINDOW, Uint8Array.of(2), true);
  assert.deepEqual([receiver.readable, receiver.isFinished], [WINDOW, false]);
  receiver.read(100);
  assert.equal(receiver.window, 100);
  receiver.take(1 + WINDOW, Uint8Array.of(2), true);
  assert.deepEqual([receiver.readable, receiver.isFinished], [WINDOW - 99, true]);
});

test("StreamReceiver tells of a gap until it is filled", () => {
  const receiver = new StreamReceiver();
  receiver.take(11, new Uint8Array(10), false);
  assert.deepEqual([receiver.hasGap, receiver.next, receiver.readable], [true, 1, 0]);
  receiver.take(1, new Uint8Array(10), false);
  assert.deepEqual([receiver.hasGap, receiver.next, receiver.readable], [false, 21, 20]);
});

test("ByteRing keeps bytes by their place, around its end", () => {
  const ring = new ByteRing(10);
  ring.write(7, Uint8Array.of(1, 2, 3, 4, 5));
  assert.deepEqual(ring.read(7, 5), Uint8Array.of(1, 2, 3, 4, 5));
  assert.deepEqual(ring.read(9, 2), Uint8Array.of(3, 4));
  const copy = ring.read(10, 2);
  ring.write(10, Uint8Array.of(9, 9));
  assert.deepEqual(copy, Uint8Array.of(4, 5));
});
