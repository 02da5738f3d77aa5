import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import { type AckList, decodeAckList, encodeAckList } from "../../src/wire/ack_list.ts";
import { Writer } from "../../src/wire/writer.ts";
import { parseHex, vectors } from "../support/vectors.ts";

function encoded(sequences: readonly number[], limit?: number): Uint8Array {
  const memory = new Uint8Array(4096);
  const writer = new Writer(memory);
  encodeAckList(sequences, limit, writer);
  return memory.slice(0, writer.length);
}

function entries(list: AckList | undefined): number[] | undefined {
  return list && Array.from({ length: list.length }, (_, i) => list.at(i));
}

const anySequences = fc.array(fc.oneof(fc.maxSafeNat(), fc.nat({ max: 300 })), { maxLength: 200 });
const TOO_BIG = [0, 0, 0, 0, 0, 0, 32, 0];

test("decodeAckList() and encodeAckList() agree with the original", () => {
  for (const vector of vectors.ackLists) {
    const sequences = vector.sequences.map(Number);
    const list = decodeAckList(parseHex(vector.payload));
    assert.deepEqual(entries(list), sequences);
    assert.equal(list?.limit, undefined);
    assert.equal(formatHex(encoded(sequences)), vector.payload);
  }
});

test("decodeAckList() gives back what encodeAckList() wrote, with its limit or without", () => {
  const anyLimit = fc.option(fc.maxSafeNat(), { nil: undefined });
  fc.assert(fc.property(anySequences, anyLimit, (sequences, limit) => {
    const list = decodeAckList(encoded(sequences, limit));
    assert.deepEqual(entries(list), sequences);
    assert.equal(list?.limit, limit);
  }));
});

test("decodeAckList() reads a payload that begins anywhere in memory", () => {
  const memory = new Uint8Array([1, 2, 3, ...encoded([7, 2 ** 40], 9)]);
  const list = decodeAckList(memory.subarray(3));
  assert.deepEqual(entries(list), [7, 2 ** 40]);
  assert.equal(list?.limit, 9);
});

test("decodeAckList() returns undefined for every truncation of the entries", () => {
  fc.assert(fc.property(anySequences, (sequences) => {
    const bytes = encoded(sequences);
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeAckList(bytes.subarray(0, length)), undefined);
    }
  }));
});

test("decodeAckList() refuses a count beyond the bytes, however large", () => {
  for (
    const count of [
      [3, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0x20, 0, 0, 0, 0],
      [255, 255, 255, 255, 255, 255, 31, 0],
      [255, 255, 255, 255, 255, 255, 255, 255],
    ]
  ) {
    assert.equal(decodeAckList(new Uint8Array([...count, ...new Uint8Array(16)])), undefined);
  }
});

test("decodeAckList() refuses an entry above 2^53-1, and takes 2^53-1", () => {
  const top = encoded([1, Number.MAX_SAFE_INTEGER, 2]);
  assert.deepEqual(entries(decodeAckList(top)), [1, Number.MAX_SAFE_INTEGER, 2]);
  top.set(TOO_BIG, 16);
  assert.equal(decodeAckList(top), undefined);
});

test("decodeAckList() takes bytes behind the entries that are no such number as padding", () => {
  for (const padding of [[1], [1, 2, 3, 4, 5, 6, 7], TOO_BIG, new Array(20).fill(255)]) {
    const list = decodeAckList(new Uint8Array([...encoded([5, 6]), ...padding]));
    assert.deepEqual(entries(list), [5, 6]);
    assert.equal(list?.limit, undefined);
  }
});

test("AckList.at() throws a RangeError beyond the entries", () => {
  const list = decodeAckList(encoded([5], 9));
  for (const index of [-1, 1, NaN]) assert.throws(() => list?.at(index), RangeError);
});

test("decodeAckList() survives any bytes", () => {
  fc.assert(
    fc.property(fc.nat({ max: 9 }), fc.uint8Array({ maxLength: 64 }), (count, rest) => {
      entries(decodeAckList(rest));
      entries(decodeAckList(new Uint8Array([count, 0, 0, 0, 0, 0, 0, 0, ...rest])));
    }),
    { numRuns: 2_000 },
  );
});
