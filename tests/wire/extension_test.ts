import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeExtension,
  encodeExtension,
  EXTENSION_LENGTH,
  FLOW_LIMIT,
  GOODBYE,
  HALF_CLOSE,
  JOINT_PARITY,
  REPEATED_ACKS,
  SEEN,
} from "../../src/wire/extension.ts";
import { Reader } from "../../src/wire/reader.ts";
import { Writer } from "../../src/wire/writer.ts";

const BLOCK = new Uint8Array([0x73, 0x74, 0x73, 0x2b, 1, 0x85, 0]);

function decoded(padding: ArrayLike<number>): { bits: number } | undefined {
  return decodeExtension(new Reader(Uint8Array.from(padding)));
}

test("encodeExtension() writes the layout of the wire, EXTENSION_LENGTH bytes", () => {
  const memory = new Uint8Array(16);
  const writer = new Writer(memory);
  encodeExtension({ bits: HALF_CLOSE | JOINT_PARITY | SEEN }, writer);
  assert.equal(writer.length, EXTENSION_LENGTH);
  assert.deepEqual(memory.slice(0, EXTENSION_LENGTH), BLOCK);
});

test("the bit constants stand where the wire has them", () => {
  assert.deepEqual(
    [HALF_CLOSE, REPEATED_ACKS, JOINT_PARITY, GOODBYE, FLOW_LIMIT, SEEN],
    [1, 2, 4, 8, 16, 128],
  );
});

test("decodeExtension() gives back the bits, nameless ones too, with any padding behind them", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 255 }),
    fc.uint8Array({ maxLength: 40 }),
    (bits, padding) => {
      const memory = new Uint8Array(EXTENSION_LENGTH);
      encodeExtension({ bits }, new Writer(memory));
      assert.deepEqual(decoded([...memory, ...padding]), { bits });
    },
  ));
});

test("decodeExtension() skips the items of later versions", () => {
  assert.deepEqual(decoded([...BLOCK.subarray(0, 6), 5, 9, 3, 1, 2, 3, 0xff]), { bits: 0x85 });
});

test("decodeExtension() returns undefined for items that are cut off", () => {
  assert.equal(decoded([...BLOCK.subarray(0, 6), 5, 9, 3, 1, 2]), undefined);
});

test("decodeExtension() returns undefined for every truncation", () => {
  for (let length = 0; length < BLOCK.length; length++) {
    assert.equal(decoded(BLOCK.subarray(0, length)), undefined);
  }
});

test("decodeExtension() returns undefined for another magic or version", () => {
  for (let at = 0; at < 5; at++) {
    assert.equal(decoded(BLOCK.map((byte, i) => i === at ? byte ^ 1 : byte)), undefined);
  }
});

test("decodeExtension() survives any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (rest) => {
    decoded(rest);
    decoded([...BLOCK.subarray(0, 5), ...rest]);
  }));
});
