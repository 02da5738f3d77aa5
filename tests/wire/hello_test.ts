import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import {
  decodeHandshakeFrame,
  encodeHandshakeFrame,
  type HandshakeFrame,
} from "../../src/wire/hello.ts";
import { Writer } from "../../src/wire/writer.ts";
import { parseHex, vectors } from "../support/vectors.ts";

function encoded(frame: HandshakeFrame): Uint8Array {
  const memory = new Uint8Array(4096);
  const writer = new Writer(memory);
  encodeHandshakeFrame(frame, writer);
  return memory.slice(0, writer.length);
}

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const token = fc.uint8Array({ maxLength: 200 });
const anyFrame: fc.Arbitrary<HandshakeFrame> = fc.oneof(
  fc.record({
    kind: fc.constant("clientHello" as const),
    longPublicKey: key,
    ephemeralPublicKey: key,
    version: fc.maxSafeNat(),
  }),
  fc.record({
    kind: fc.constant("serverHello" as const),
    longPublicKey: key,
    ephemeralPublicKey: key,
    resumeToken: token,
  }),
  fc.record({
    kind: fc.constant("clientResume" as const),
    resumeToken: token,
    shardId: fc.integer({ min: 0, max: 255 }),
  }),
);

/** The frame of a known answer; `undefined` when its version is above 2^53-1, which is refused. */
function frameOf({ frame }: (typeof vectors.handshakeFrames)[number]): HandshakeFrame | undefined {
  switch (frame.kind) {
    case "clientHello":
      return BigInt(frame.version) > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : {
        kind: "clientHello",
        longPublicKey: parseHex(frame.longPublic),
        ephemeralPublicKey: parseHex(frame.ephemeralPublic),
        version: Number(frame.version),
      };
    case "serverHello":
      return {
        kind: "serverHello",
        longPublicKey: parseHex(frame.longPublic),
        ephemeralPublicKey: parseHex(frame.ephemeralPublic),
        resumeToken: parseHex(frame.resumeToken),
      };
    case "clientResume":
      return {
        kind: "clientResume",
        resumeToken: parseHex(frame.resumeToken),
        shardId: frame.shard,
      };
  }
}

test("decodeHandshakeFrame() and encodeHandshakeFrame() agree with the original", () => {
  let refused = 0;
  for (const vector of vectors.handshakeFrames) {
    const frame = frameOf(vector);
    assert.deepEqual(decodeHandshakeFrame(parseHex(vector.bytes)), frame);
    if (frame === undefined) refused++;
    else assert.equal(formatHex(encoded(frame)), vector.bytes);
  }
  assert.equal(refused, 1);
});

test("decodeHandshakeFrame() gives back what encodeHandshakeFrame() wrote, with any padding", () => {
  fc.assert(fc.property(anyFrame, fc.uint8Array({ maxLength: 100 }), (frame, padding) => {
    const bytes = new Uint8Array([...encoded(frame), ...padding]);
    assert.deepEqual({ ...decodeHandshakeFrame(bytes) }, { ...frame });
  }));
});

test("decodeHandshakeFrame() takes any version up to 2^53-1", () => {
  const hello = {
    kind: "clientHello",
    longPublicKey: new Uint8Array(32),
    ephemeralPublicKey: new Uint8Array(32),
  } as const;
  for (const version of [0, 3, 4, Number.MAX_SAFE_INTEGER]) {
    const frame = decodeHandshakeFrame(encoded({ ...hello, version }));
    assert.equal(frame?.kind === "clientHello" && frame.version, version);
  }
});

test("decodeHandshakeFrame() returns undefined for every truncation", () => {
  fc.assert(fc.property(anyFrame, (frame) => {
    const bytes = encoded(frame);
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeHandshakeFrame(bytes.subarray(0, length)), undefined);
    }
  }));
});

test("decodeHandshakeFrame() returns undefined for an unknown variant", () => {
  for (const head of [[3, 0, 0, 0], [0, 1, 0, 0], [255, 255, 255, 255]]) {
    assert.equal(
      decodeHandshakeFrame(new Uint8Array([...head, ...new Uint8Array(200)])),
      undefined,
    );
  }
});

test("decodeHandshakeFrame() survives any bytes", () => {
  const bytes = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.uint8Array({ maxLength: 120 }));
  fc.assert(
    fc.property(bytes, ([variant, rest]) => {
      decodeHandshakeFrame(rest);
      decodeHandshakeFrame(new Uint8Array([variant, 0, 0, 0, ...rest]));
    }),
    { numRuns: 2_000 },
  );
});
