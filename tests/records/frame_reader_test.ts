import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { StreamCipher } from "../../src/crypto/stream_cipher.ts";
import { FrameReader, MOST_DATAGRAM_TAKEN } from "../../src/records/frame_reader.ts";
import { cut } from "../support/record_ends.ts";

const KEY = new Uint8Array(32).fill(5);

function reader(): FrameReader {
  return new FrameReader(new StreamCipher(KEY));
}

/** The encrypted frames of datagrams, also of such as we never send. */
function sealed(datagrams: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(datagrams.reduce((sum, { length }) => sum + 2 + length, 0));
  let at = 0;
  for (const datagram of datagrams) {
    bytes.set([datagram.length >>> 8, datagram.length & 255], at);
    bytes.set(datagram, at + 2);
    at += 2 + datagram.length;
  }
  new StreamCipher(KEY).apply(bytes);
  return bytes;
}

function read(frames: FrameReader, pieces: readonly Uint8Array[]): number[][] {
  const datagrams: number[][] = [];
  for (const piece of pieces) {
    frames.push(piece);
    for (let datagram = frames.poll(); datagram; datagram = frames.poll()) {
      datagrams.push([...datagram]);
      // It may be decrypted in place.
      datagram.fill(0xee);
    }
  }
  return datagrams;
}

test("poll() gives the datagrams back, however the stream is cut into pieces", () => {
  const datagrams = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });
  const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(datagrams, sizes, (datagrams, sizes) => {
    const expected = datagrams.filter(({ length }) => length > 0).map((bytes) => [...bytes]);
    assert.deepEqual(read(reader(), cut(sealed(datagrams), sizes)), expected);
  }));
});

test("poll() gives the datagrams back from a stream that comes byte by byte", () => {
  const datagrams = [1, 4096, 2, 255, 256, 2046].map((length) =>
    new Uint8Array(length).fill(length)
  );
  assert.deepEqual(
    read(reader(), cut(sealed(datagrams), [1])),
    datagrams.map((datagram) => [...datagram]),
  );
});

test("poll() ignores empty frames", () => {
  const none = new Uint8Array(0);
  const bytes = sealed([none, none, Uint8Array.of(7), none]);
  assert.deepEqual(read(reader(), [bytes.slice()]), [[7]]);
  assert.deepEqual(read(reader(), cut(bytes, [1])), [[7]]);
});

test("poll() takes 4,096 bytes; a longer frame breaks the stream, and nothing more comes out", () => {
  assert.equal(MOST_DATAGRAM_TAKEN, 4096);
  for (const sizes of [[1], [2], [5000], [100_000]]) {
    const datagrams = [Uint8Array.of(1), new Uint8Array(4097), Uint8Array.of(2)];
    const frames = reader();
    assert.deepEqual(read(frames, cut(sealed(datagrams), sizes)), [[1]]);
    assert.equal(frames.isBroken, true);
    frames.push(sealed([Uint8Array.of(3)]));
    assert.equal(frames.poll(), undefined);
  }
});

test("poll() gives a whole frame on without a copy", () => {
  const bytes = sealed([Uint8Array.of(1, 2, 3)]);
  const frames = reader();
  frames.push(bytes);
  assert.equal(frames.poll()?.buffer, bytes.buffer);
});

test("poll() survives any bytes, and ends", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 5000, size: "max" }), { maxLength: 5 });
  fc.assert(
    fc.property(pieces, (pieces) => {
      for (const datagram of read(reader(), pieces)) assert.ok(datagram.length <= 4096);
    }),
    { numRuns: 50 },
  );
});
