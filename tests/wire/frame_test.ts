import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import type { Extension } from "../../src/wire/extension.ts";
import {
  type DataFrame,
  dataFrameOverhead,
  decodeFrame,
  encodeFrame,
  type ParityFrame,
} from "../../src/wire/frame.ts";
import { Writer } from "../../src/wire/writer.ts";
import { parseHex, vectors } from "../support/vectors.ts";

function encoded(
  frame: DataFrame | ParityFrame,
  lossByte?: number,
  extension?: Extension,
): Uint8Array {
  const memory = new Uint8Array(4096);
  const writer = new Writer(memory);
  encodeFrame(frame, lossByte, extension, writer);
  return memory.slice(0, writer.length);
}

const u8 = fc.integer({ min: 0, max: 255 });
const u64 = fc.oneof(fc.maxSafeNat(), fc.nat({ max: 70_000 }));
const body = fc.uint8Array({ maxLength: 300 });
const dataFrame: fc.Arbitrary<DataFrame> = fc.record({
  kind: fc.constant("data" as const),
  frameNumber: u64,
  highReceived: u64,
  totalReceived: u64,
  body,
});
const parityFrame: fc.Arbitrary<ParityFrame> = fc.tuple(u64, u8, u8, u8, body).map(
  ([runStart, dataCount, parityCount, parityIndex, body]) => ({
    kind: "parity",
    runStart,
    dataCount,
    parityCount,
    parityIndex,
    padSize: body.length,
    body,
  }),
);
const anyFrame = fc.oneof(dataFrame, parityFrame);
const anyLoss = fc.option(fc.integer({ min: 0, max: 254 }), { nil: undefined });
const anyExtension = fc.option(fc.record({ bits: u8 }), { nil: undefined });

function frameOf({ frame }: (typeof vectors.sessionFrames)[number]): DataFrame | ParityFrame {
  switch (frame.kind) {
    case "data":
      return {
        kind: "data",
        frameNumber: Number(frame.frameNumber),
        highReceived: Number(frame.highReceived),
        totalReceived: Number(frame.totalReceived),
        body: parseHex(frame.body),
      };
    case "parity":
      return { ...frame, runStart: Number(frame.runStart), body: parseHex(frame.body) };
  }
}

test("decodeFrame() and encodeFrame() agree with the original", () => {
  for (const vector of vectors.sessionFrames) {
    const frame = frameOf(vector);
    const bytes = parseHex(vector.bytes);
    assert.deepEqual(decodeFrame(bytes), { frame, lossByte: undefined, extension: undefined });
    assert.equal(formatHex(encoded(frame, vector.lossByte).subarray(0, -1)), vector.bytes);
  }
});

test("decodeFrame() reads the padded packets of the original, and encodeFrame() begins like them", () => {
  for (const vector of vectors.sessionFrames) {
    const frame = frameOf(vector);
    const { lossByte } = vector;
    assert.deepEqual(decodeFrame(parseHex(vector.padded)), {
      frame,
      lossByte,
      extension: undefined,
    });
    const ours = formatHex(encoded(frame, lossByte));
    assert.equal(ours, vector.padded.slice(0, ours.length));
    assert.match(vector.padded.slice(ours.length), /^f*$/);
  }
});

test("decodeFrame() gives back what encodeFrame() wrote, with any padding that is no block", () => {
  const padding = fc.uint8Array({ maxLength: 100 }).filter((bytes) => bytes[0] !== 0x73);
  fc.assert(fc.property(
    anyFrame,
    anyLoss,
    anyExtension,
    padding,
    (frame, lossByte, extension, padding) => {
      const bytes = new Uint8Array([...encoded(frame, lossByte, extension), ...padding]);
      const decoded = decodeFrame(bytes);
      assert.deepEqual({ ...decoded?.frame }, { ...frame });
      assert.equal(decoded?.lossByte, lossByte);
      assert.deepEqual({ ...decoded?.extension }, { ...extension });
    },
  ));
});

test("encodeFrame() writes an unknown loss as 255", () => {
  const frame: DataFrame = {
    kind: "data",
    frameNumber: 1,
    highReceived: 2,
    totalReceived: 3,
    body: new Uint8Array([9]),
  };
  assert.deepEqual(encoded(frame), new Uint8Array([0, 1, 2, 3, 1, 9, 255]));
  assert.deepEqual(encoded(frame, 0), new Uint8Array([0, 1, 2, 3, 1, 9, 0]));
});

test("decodeFrame() takes a loss byte that is 255 or absent as unknown", () => {
  for (const tail of [[], [255], [255, 255, 255]]) {
    const decoded = decodeFrame(new Uint8Array([0, 1, 2, 3, 1, 9, ...tail]));
    assert.equal(decoded?.frame.kind, "data");
    assert.equal(decoded?.lossByte, undefined);
  }
});

test("decodeFrame() finds an extension block behind an unknown loss byte too", () => {
  const bytes = new Uint8Array([0, 1, 2, 3, 1, 9, 255, 0x73, 0x74, 0x73, 0x2b, 1, 0x81, 0]);
  assert.deepEqual(decodeFrame(bytes)?.extension, { bits: 0x81 });
  assert.equal(decodeFrame(bytes.subarray(0, -1))?.extension, undefined);
  assert.equal(decodeFrame(bytes.subarray(0, -1))?.frame.kind, "data");
});

test("decodeFrame() returns undefined for every truncation of the frame", () => {
  fc.assert(fc.property(anyFrame, (frame) => {
    const bytes = encoded(frame);
    for (let length = 0; length < bytes.length - 1; length++) {
      assert.equal(decodeFrame(bytes.subarray(0, length)), undefined);
    }
  }));
});

test("decodeFrame() refuses a parity frame whose shard is not of the length it says", () => {
  fc.assert(fc.property(parityFrame, fc.integer({ min: 1, max: 2000 }), (frame, more) => {
    assert.equal(decodeFrame(encoded({ ...frame, padSize: frame.padSize + more })), undefined);
  }));
});

test("decodeFrame() refuses numbers above 2^53-1 and the varint markers 254 and 255", () => {
  const rest = new Uint8Array(40);
  for (
    const head of [
      [253, 0, 0, 0, 0, 0, 0, 32, 0],
      [254],
      [255],
    ]
  ) {
    assert.equal(decodeFrame(new Uint8Array([0, ...head, ...rest])), undefined);
    assert.equal(decodeFrame(new Uint8Array([0, 0, ...head, ...rest])), undefined);
    assert.equal(decodeFrame(new Uint8Array([0, 0, 0, ...head, ...rest])), undefined);
    assert.equal(decodeFrame(new Uint8Array([1, ...head, ...rest])), undefined);
  }
});

test("decodeFrame() returns undefined for an unknown variant", () => {
  for (let variant = 2; variant < 256; variant++) {
    if (variant >= 251 && variant <= 253) continue; // An over-long spelling of 0.
    assert.equal(decodeFrame(new Uint8Array([variant, ...new Uint8Array(40)])), undefined);
  }
});

test("decodeFrame() survives any bytes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1 }),
      fc.uint8Array({ maxLength: 64 }),
      (variant, rest) => {
        decodeFrame(rest);
        decodeFrame(new Uint8Array([variant, ...rest]));
      },
    ),
    { numRuns: 5_000 },
  );
});

test("dataFrameOverhead() is what a data frame adds to its body, the loss byte not counted", () => {
  fc.assert(fc.property(dataFrame, (frame) => {
    const { frameNumber, highReceived, totalReceived, body } = frame;
    assert.equal(
      dataFrameOverhead(frameNumber, highReceived, totalReceived, body.length),
      encoded(frame).length - body.length - 1,
    );
  }));
});
