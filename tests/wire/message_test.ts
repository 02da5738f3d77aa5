import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  STREAM_MESSAGE_OVERHEAD,
  STREAM_MESSAGES,
  UNRELIABLE_OVERHEAD,
} from "../../src/wire/message.ts";
import { Writer } from "../../src/wire/writer.ts";
import { parseHex, vectors } from "../support/vectors.ts";

function encoded(message: Message): Uint8Array {
  const memory = new Uint8Array(4096);
  const writer = new Writer(memory);
  encodeMessage(message, writer);
  return memory.slice(0, writer.length);
}

const payload = fc.uint8Array({ maxLength: 300 });
const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: fc.constant("unreliable" as const), payload }),
  fc.record({
    kind: fc.constant("stream" as const),
    type: fc.constantFrom(...STREAM_MESSAGES),
    streamId: fc.integer({ min: 0, max: 0xffff }),
    sequence: fc.maxSafeNat(),
    payload,
  }),
  fc.constant({ kind: "empty" } as const),
);

function messageOf({ message }: (typeof vectors.muxMessages)[number]): Message {
  switch (message.kind) {
    case "empty":
      return { kind: "empty" };
    case "unreliable":
      return { kind: "unreliable", payload: parseHex(message.payload) };
    case "reliable": {
      const type = STREAM_MESSAGES.find((each) => each === message.type);
      assert.ok(type !== undefined && Number.isSafeInteger(Number(message.sequence)));
      return {
        kind: "stream",
        type,
        streamId: message.streamId,
        sequence: Number(message.sequence),
        payload: parseHex(message.payload),
      };
    }
  }
}

test("decodeMessage() and encodeMessage() agree with the original", () => {
  for (const vector of vectors.muxMessages) {
    const message = messageOf(vector);
    assert.deepEqual(decodeMessage(parseHex(vector.bytes)), message);
    assert.equal(formatHex(encoded(message)), vector.bytes);
  }
});

test("decodeMessage() gives back what encodeMessage() wrote, with any padding behind it", () => {
  fc.assert(fc.property(anyMessage, payload, (message, padding) => {
    const bytes = encoded(message);
    assert.deepEqual({ ...decodeMessage(new Uint8Array([...bytes, ...padding])) }, { ...message });
  }));
});

test("decodeMessage() returns undefined for every truncation", () => {
  fc.assert(fc.property(anyMessage, (message) => {
    const bytes = encoded(message);
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeMessage(bytes.subarray(0, length)), undefined);
    }
  }));
});

test("decodeMessage() returns undefined for an unknown variant and an unknown type", () => {
  const rest = new Uint8Array(40);
  assert.equal(decodeMessage(new Uint8Array([3, 0, 0, 0, ...rest])), undefined);
  assert.equal(decodeMessage(new Uint8Array([0, 0, 0, 1, ...rest])), undefined);
  assert.equal(decodeMessage(new Uint8Array([1, 0, 0, 0, 7, 0, 0, 0, ...rest])), undefined);
});

test("decodeMessage() survives any bytes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3 }),
      fc.uint8Array({ maxLength: 64 }),
      (variant, rest) => {
        decodeMessage(rest);
        decodeMessage(new Uint8Array([variant, 0, 0, 0, ...rest]));
      },
    ),
    { numRuns: 5_000 },
  );
});

test("decodeMessage() refuses a length that no packet could hold, without making room for it", () => {
  const bytes = encoded({ kind: "unreliable", payload: new Uint8Array(3) });
  bytes.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0], 4);
  assert.equal(decodeMessage(bytes), undefined);
});

test("STREAM_MESSAGE_OVERHEAD is what a stream message adds to its payload", () => {
  const message: Message = {
    kind: "stream",
    type: "data",
    streamId: 7,
    sequence: 9,
    payload: new Uint8Array(10),
  };
  assert.equal(encoded(message).length, 10 + STREAM_MESSAGE_OVERHEAD);
});

test("UNRELIABLE_OVERHEAD is what an unreliable message adds to its payload", () => {
  const message: Message = { kind: "unreliable", payload: new Uint8Array(10) };
  assert.equal(encoded(message).length, 10 + UNRELIABLE_OVERHEAD);
});
