import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CONTINUATION_LENGTH,
  decodeExtension,
  encodeExtension,
  type Extension,
  EXTENSION_LENGTH,
  extensionLength,
  FLOW_LIMIT,
  FRAGMENTS,
  HALF_CLOSE,
  JOINT_PARITY,
  REPEATED_ACKS,
  REPORT,
  SEEN,
} from "../../src/wire/extension.ts";
import { Reader } from "../../src/wire/reader.ts";
import { Writer } from "../../src/wire/writer.ts";

const BLOCK = new Uint8Array([0x73, 0x74, 0x73, 0x2b, 1, 0x85, 0]);

function decoded(padding: ArrayLike<number>): Extension | undefined {
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
    [HALF_CLOSE, REPEATED_ACKS, JOINT_PARITY, FLOW_LIMIT, REPORT, FRAGMENTS, SEEN],
    [1, 2, 4, 16, 32, 64, 128],
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

test("decodeExtension() gives back each item, and extensionLength() is what they take", () => {
  const continuation = Uint8Array.from({ length: CONTINUATION_LENGTH }, (_, i) => i);
  const blocks: Extension[] = [
    { bits: 1, continuation },
    ...(["unknown", "yes", "ended"] as const).map((continued) => ({ bits: 2, continued })),
    { bits: 3, continuation, continued: "yes" },
    ...(["cut", "inOrder"] as const).map((goodbye) => ({ bits: 4, goodbye })),
    { bits: 5, continuation, goodbye: "cut" },
    { bits: 6, continued: "ended", goodbye: "inOrder" },
  ];
  for (const block of blocks) {
    const memory = new Uint8Array(64);
    const writer = new Writer(memory);
    encodeExtension(block, writer);
    assert.equal(writer.length, extensionLength(block));
    assert.deepEqual(decoded(memory), block);
  }
});

test("the items stand where the wire has them", () => {
  const head = [...BLOCK.subarray(0, 6)];
  const continuation = new Uint8Array(CONTINUATION_LENGTH).fill(7);
  assert.deepEqual(decoded([...head, 26, 1, 24, ...continuation]), { bits: 0x85, continuation });
  for (const [value, continued] of ["unknown", "yes", "ended", "unknown"].entries()) {
    assert.deepEqual(decoded([...head, 3, 2, 1, value]), { bits: 0x85, continued });
  }
});

test("a goodbye of another value than those of the wire is one that cuts", () => {
  const head = [...BLOCK.subarray(0, 6)];
  for (const [value, goodbye] of ["cut", "inOrder", "cut"].entries()) {
    assert.deepEqual(decoded([...head, 3, 3, 1, value]), { bits: 0x85, goodbye });
  }
});

test("decodeExtension() skips items of another length", () => {
  const head = [...BLOCK.subarray(0, 6)];
  assert.deepEqual(decoded([...head, 4, 2, 2, 1, 1]), { bits: 0x85 });
  assert.deepEqual(decoded([...head, 5, 1, 0, 2, 1, 1]), { bits: 0x85, continued: "yes" });
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
