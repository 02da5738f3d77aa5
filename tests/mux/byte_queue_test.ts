import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { equalBytes } from "../../src/bytes.ts";
import { ByteQueue } from "../../src/mux/byte_queue.ts";
import { saltedBytes } from "../support/salted_bytes.ts";

/** The segment that memory blocks are made for. */
const SEGMENT = 1330;

test("ByteQueue gives out in order what came in, in any pieces, as an array of numbers does", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("append" as const), length: fc.nat(9_000) }),
    fc.record({ kind: fc.constant("read" as const), length: fc.nat(9_000) }),
    fc.record({ kind: fc.constant("take" as const), length: fc.nat(3_000) }),
    fc.record({ kind: fc.constant("clear" as const), length: fc.constant(0) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const queue = new ByteQueue();
    let model: number[] = [];
    let written = 0;
    for (const { kind, length } of steps) {
      if (kind === "append") {
        const bytes = saltedBytes(written, length, 0);
        queue.append(bytes);
        model.push(...bytes);
        written += length;
      } else if (kind === "clear") {
        queue.clear();
        model = [];
      } else {
        const into = new Uint8Array(length);
        const got = kind === "read" ? into.subarray(0, queue.read(into)) : queue.take(length);
        if (kind === "read") assert.equal(got.length, Math.min(length, model.length));
        else assert.equal(got.length > 0, Math.min(length, model.length) > 0);
        assert.deepEqual([...got], model.slice(0, got.length));
        model = model.slice(got.length);
      }
      assert.equal(queue.length, model.length);
    }
  }));
});

test("append() adds a copy of the bytes", () => {
  const queue = new ByteQueue();
  const bytes = Uint8Array.of(1, 2, 3);
  queue.append(bytes);
  bytes.fill(9);
  assert.deepEqual([...queue.take(10)], [1, 2, 3]);
});

test("read() moves as many bytes as there are or fit, over any number of blocks", () => {
  const queue = new ByteQueue();
  for (let i = 0; i < 300; i++) queue.append(saltedBytes(i * 1_000, 1_000, 0));
  const into = new Uint8Array(299_999);
  assert.equal(queue.read(into), 299_999);
  assert.ok(equalBytes(into, saltedBytes(0, 299_999, 0)));
  assert.equal(queue.read(into), 1);
  assert.equal(queue.read(into), 0);
});

test("take() gives a view that stays valid after its bytes have left the queue", () => {
  const queue = new ByteQueue();
  const views: Uint8Array[] = [];
  for (let i = 0; i < 200; i++) {
    queue.append(saltedBytes(i * 700, 700, 0));
    while (queue.length > 0) views.push(queue.take(600));
  }
  let at = 0;
  for (const view of views) {
    assert.ok(equalBytes(view, saltedBytes(at, view.length, 0)), `from ${at} on`);
    at += view.length;
  }
  assert.equal(at, 140_000);
});

test("take() makes no copy: views of one block share its memory", () => {
  const queue = new ByteQueue();
  queue.append(new Uint8Array(2_000));
  assert.equal(queue.take(500).buffer, queue.take(500).buffer);
});

test("ByteQueue holds two kilobytes for a quiet stream, and blocks of 64 for a busy one", () => {
  const queue = new ByteQueue();
  queue.append(new Uint8Array(10));
  assert.equal(queue.take(1).buffer.byteLength, 2 * SEGMENT);
  for (let i = 0; i < 300; i++) queue.append(new Uint8Array(SEGMENT));
  let largest = 0;
  while (queue.length > 0) largest = Math.max(largest, queue.take(SEGMENT).buffer.byteLength);
  assert.equal(largest, 48 * SEGMENT);
});

test("ByteQueue leaves no short rest when full segments are taken from a busy stream", () => {
  const queue = new ByteQueue();
  for (let i = 0; i < 100; i++) queue.append(new Uint8Array(SEGMENT * 10));
  const lengths = new Set<number>();
  while (queue.length > 0) lengths.add(queue.take(SEGMENT).length);
  assert.deepEqual([...lengths], [SEGMENT]);
});

test("ByteQueue holds no memory when it is empty: the next queue that needs some uses it again", () => {
  const into = new Uint8Array(1_000);
  const used = new Set<ArrayBufferLike>();
  for (let i = 0; i < 100; i++) {
    const queue = new ByteQueue();
    queue.append(into);
    used.add(queue.take(0).buffer);
    assert.equal(queue.read(into), 1_000);
    assert.equal(queue.take(1).length, 0);
  }
  assert.equal(used.size, 1);
});

test("onDelivered() keeps what has not left, and makes use of the memory of what has", () => {
  const queue = new ByteQueue();
  queue.append(Uint8Array.of(1, 2, 3));
  assert.deepEqual(queue.take(2), Uint8Array.of(1, 2));
  queue.onDelivered();
  assert.deepEqual(queue.take(2), Uint8Array.of(3));
  queue.onDelivered();
  queue.append(Uint8Array.of(4));
  assert.deepEqual(queue.take(1), Uint8Array.of(4));
});
