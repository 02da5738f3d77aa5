import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { StreamReader } from "../../src/cli/stream_reader.ts";

/** Reads to the end, piece by piece. */
async function readAll(reader: StreamReader, size: number): Promise<number[]> {
  const bytes: number[] = [];
  const into = new Uint8Array(size);
  for (;;) {
    const length = await reader.read(into);
    if (length === null) return bytes;
    assert.ok(length >= 1 && length <= size);
    bytes.push(...into.subarray(0, length));
  }
}

test("read() gives every byte once, however the pieces are cut", async () => {
  const expected = Array.from({ length: 100 }, (_, i) => i);
  for (const size of [1, 3, 64, 1000]) {
    const stream = new PassThrough();
    for (let at = 0; at < 100; at += 10) stream.write(Uint8Array.from(expected.slice(at, at + 10)));
    stream.end();
    assert.deepEqual(await readAll(new StreamReader(stream), size), expected);
  }
});

test("read() waits for data, and gives null at the end again and again", async () => {
  const stream = new PassThrough();
  const reader = new StreamReader(stream);
  const into = new Uint8Array(10);
  const waiting = reader.read(into);
  stream.write(Uint8Array.of(5));
  assert.equal(await waiting, 1);
  stream.end();
  assert.equal(await reader.read(into), null);
  assert.equal(await reader.read(into), null);
});

test("read() leaves the stream's other direction alone at the end", async () => {
  const stream = new PassThrough({ allowHalfOpen: true, autoDestroy: false });
  const reader = new StreamReader(stream);
  stream.push(null);
  assert.equal(await reader.read(new Uint8Array(1)), null);
  assert.equal(stream.destroyed, false);
});

test("read() rejects with the stream's error, and when the stream is cut", async () => {
  const broken = new PassThrough();
  const waiting = new StreamReader(broken).read(new Uint8Array(1));
  broken.destroy(new Error("broken"));
  await assert.rejects(waiting, { message: "broken" });
  const cut = new PassThrough();
  const reader = new StreamReader(cut);
  cut.destroy();
  await assert.rejects(reader.read(new Uint8Array(1)), { message: "it was cut off" });
});
