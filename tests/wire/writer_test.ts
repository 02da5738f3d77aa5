import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Reader } from "../../src/wire/reader.ts";
import { varintLength, Writer } from "../../src/wire/writer.ts";

const u64 = fc.oneof(
  fc.maxSafeNat(),
  fc.nat({ max: 300 }),
  fc.constantFrom(250, 251, 0xffff, 0x10000, 0xffffffff, 0x100000000, Number.MAX_SAFE_INTEGER),
);

test("Writer writes what a Reader reads, field after field", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 0xff }),
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0, max: 0xffffffff }),
    u64,
    bytes,
    (a, b, c, d, body) => {
      const memory = new Uint8Array(1024);
      const writer = new Writer(memory);
      writer.u8(a);
      writer.u16(b);
      writer.u32(c);
      writer.u64(d);
      writer.varint(d);
      writer.byteString(body);
      writer.varintBytes(body);
      writer.bytes(body);
      const reader = new Reader(memory.subarray(0, writer.length));
      assert.equal(reader.u8(), a);
      assert.equal(reader.u16(), b);
      assert.equal(reader.u32(), c);
      assert.equal(reader.u64(), d);
      assert.equal(reader.varint(), d);
      assert.deepEqual(reader.byteString(), body);
      assert.deepEqual(reader.varintBytes(), body);
      assert.deepEqual(reader.bytes(body.length), body);
      assert.equal(reader.ok, true);
      assert.equal(reader.remaining, 0);
    },
  ));
});

test("Writer.varint() takes the shortest spelling, of varintLength() bytes", () => {
  for (
    const [value, length] of [
      [0, 1],
      [250, 1],
      [251, 3],
      [65_535, 3],
      [65_536, 5],
      [2 ** 32 - 1, 5],
      [2 ** 32, 9],
      [Number.MAX_SAFE_INTEGER, 9],
    ] as const
  ) {
    const writer = new Writer(new Uint8Array(9));
    writer.varint(value);
    assert.equal(writer.length, length);
    assert.equal(varintLength(value), length);
  }
});

test("Writer throws when it runs out of room, and writes nothing beyond its memory", () => {
  const memory = new Uint8Array(16);
  for (
    const write of [
      (writer: Writer) => writer.u8(1),
      (writer: Writer) => writer.u16(1),
      (writer: Writer) => writer.u32(1),
      (writer: Writer) => writer.u64(1),
      (writer: Writer) => writer.varint(1),
      (writer: Writer) => writer.bytes(new Uint8Array([1])),
      (writer: Writer) => writer.byteString(new Uint8Array(0)),
      (writer: Writer) => writer.varintBytes(new Uint8Array(0)),
    ]
  ) {
    const writer = new Writer(memory.subarray(0, 8));
    writer.bytes(new Uint8Array(8));
    assert.throws(() => write(writer), RangeError);
    assert.deepEqual(memory, new Uint8Array(16));
  }
});
