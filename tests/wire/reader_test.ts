import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Reader } from "../../src/wire/reader.ts";
import { Writer } from "../../src/wire/writer.ts";

type Read = (reader: Reader) => unknown;

/** Every way to read, with the bytes that it takes of a long run of zeros. */
const READS: readonly { name: string; read: Read; length: number }[] = [
  { name: "u8", read: (reader) => reader.u8(), length: 1 },
  { name: "u16", read: (reader) => reader.u16(), length: 2 },
  { name: "u32", read: (reader) => reader.u32(), length: 4 },
  { name: "u64", read: (reader) => reader.u64(), length: 8 },
  { name: "varint", read: (reader) => reader.varint(), length: 1 },
  { name: "byteString", read: (reader) => reader.byteString(), length: 8 },
  { name: "varintBytes", read: (reader) => reader.varintBytes(), length: 1 },
  { name: "bytes", read: (reader) => reader.bytes(3), length: 3 },
];

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const TOP = BigInt(Number.MAX_SAFE_INTEGER);

function viewOf(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

test("Reader agrees with a DataView on integers of every width, wherever they stand", () => {
  fc.assert(fc.property(u64, fc.integer({ min: 0, max: 9 }), (value, offset) => {
    const memory = new Uint8Array([...new Uint8Array(offset), ...viewOf(value)]);
    const bytes = memory.subarray(offset);
    assert.equal(new Reader(bytes).u8(), Number(value & 0xffn));
    assert.equal(new Reader(bytes).u16(), Number(value & 0xffffn));
    assert.equal(new Reader(bytes).u32(), Number(value & 0xffffffffn));
    const reader = new Reader(bytes);
    assert.equal(reader.u64(), value <= TOP ? Number(value) : 0);
    assert.equal(reader.ok, value <= TOP);
  }));
});

test("Reader.u64() takes 2^53-1 and refuses 2^53", () => {
  const top = new Reader(viewOf(TOP));
  assert.equal(top.u64(), Number.MAX_SAFE_INTEGER);
  assert.equal(top.ok, true);
  const above = new Reader(viewOf(TOP + 1n));
  assert.equal(above.u64(), 0);
  assert.equal(above.ok, false);
});

test("Reader.varint() reads every spelling, too long ones included", () => {
  for (
    const [bytes, value] of [
      [[0], 0],
      [[250], 250],
      [[251, 251, 0], 251],
      [[251, 7, 0], 7],
      [[252, 0, 0, 1, 0], 65_536],
      [[252, 7, 0, 0, 0], 7],
      [[253, 0, 0, 0, 0, 1, 0, 0, 0], 2 ** 32],
      [[253, 7, 0, 0, 0, 0, 0, 0, 0], 7],
      [[253, 255, 255, 255, 255, 255, 255, 31, 0], Number.MAX_SAFE_INTEGER],
    ] as const
  ) {
    const reader = new Reader(new Uint8Array(bytes));
    assert.equal(reader.varint(), value);
    assert.equal(reader.ok, true);
    assert.equal(reader.remaining, 0);
  }
});

test("Reader.varint() refuses the markers 254 and 255, and numbers above 2^53-1", () => {
  const zeros = new Array(16).fill(0);
  for (
    const bytes of [
      [254, ...zeros],
      [255, ...zeros],
      [253, 0, 0, 0, 0, 0, 0, 32, 0],
      [253, 255, 255, 255, 255, 255, 255, 255, 255],
    ]
  ) {
    const reader = new Reader(new Uint8Array(bytes));
    assert.equal(reader.varint(), 0);
    assert.equal(reader.ok, false);
  }
});

test("Reader fails stickily: after a read past the end everything is 0 and it stays failed", () => {
  for (const { name, read, length } of READS) {
    const reader = new Reader(new Uint8Array(length - 1));
    read(reader);
    assert.equal(reader.ok, false, name);
    const rest = new Reader(new Uint8Array(64).fill(7, 8));
    rest.bytes(65);
    assert.deepEqual(
      READS.map((each) => each.read(rest)),
      READS.map((each) =>
        each.name.startsWith("u") || each.name === "varint" ? 0 : new Uint8Array(0)
      ),
    );
    assert.equal(rest.ok, false);
  }
});

test("Reader.remaining counts the bytes not yet read", () => {
  for (const { name, read, length } of READS) {
    const reader = new Reader(new Uint8Array(20));
    read(reader);
    assert.equal(reader.remaining, 20 - length, name);
  }
});

test("Reader.byteString() and varintBytes() give views on the bytes", () => {
  const memory = new Uint8Array(32);
  const writer = new Writer(memory);
  writer.byteString(new Uint8Array([1, 2, 3]));
  writer.varintBytes(new Uint8Array([4, 5]));
  const reader = new Reader(memory);
  const first = reader.byteString();
  const second = reader.varintBytes();
  assert.deepEqual([...first, ...second], [1, 2, 3, 4, 5]);
  memory[8] = 9;
  assert.equal(first[0], 9);
});

test("Reader makes nothing of a length that lies beyond the end", () => {
  const fixed = new Reader(new Uint8Array([255, 255, 255, 255, 255, 255, 31, 0, 1, 2]));
  assert.equal(fixed.byteString().length, 0);
  assert.equal(fixed.ok, false);
  const variable = new Reader(new Uint8Array([3, 1, 2]));
  assert.equal(variable.varintBytes().length, 0);
  assert.equal(variable.ok, false);
});

test("Reader survives any bytes and any order of reads", () => {
  const reads = fc.array(fc.constantFrom(...READS), { maxLength: 20 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), reads, (bytes, steps) => {
    const reader = new Reader(bytes);
    for (const { read } of steps) read(reader);
    assert.ok(reader.remaining >= 0 && reader.remaining <= bytes.length);
  }));
});
