import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { multiply } from "../../src/fec/galois.ts";
import { Shard } from "../../src/fec/shard.ts";

const anyBody = fc.uint8Array({ maxLength: 40 });
const anyFactor = fc.integer({ min: 0, max: 255 });

/** The layout of a shard, byte by byte. */
function shardBytes(body: Uint8Array, length: number): number[] {
  const bytes = [body.length & 0xff, body.length >> 8, ...body];
  return [...bytes, ...new Array<number>(length - bytes.length).fill(0)];
}

test("Shard has the length and the body in it, in the layout of the wire", () => {
  fc.assert(fc.property(anyBody, anyBody, (before, body) => {
    const shard = new Shard(0);
    shard.setBody(before);
    shard.setBody(body);
    assert.deepEqual([...shard.bytes], shardBytes(body, 2 + body.length));
    assert.deepEqual(shard.body, body);
  }));
});

test("Shard writes lengths of more than a byte", () => {
  const shard = new Shard(0);
  shard.setBody(new Uint8Array(0x1234));
  assert.deepEqual([...shard.bytes.subarray(0, 2)], [0x34, 0x12]);
  assert.equal(shard.body?.length, 0x1234);
});

test("of() keeps a copy", () => {
  const bytes = new Uint8Array([1, 0, 7, 0, 0]);
  const shard = Shard.of(bytes);
  bytes.fill(9);
  assert.deepEqual([...shard.bytes], [1, 0, 7, 0, 0]);
});

test("body is undefined when the length does not fit, or something other than zeros follows", () => {
  const cases: [number[], number[] | undefined][] = [
    [[2, 0, 1, 2], [1, 2]],
    [[1, 0, 1, 0], [1]],
    [[0, 0], []],
    [[3, 0, 1, 2], undefined],
    [[2, 1, 1, 2], undefined],
    [[1, 0, 1, 2], undefined],
    [[0, 0, 0, 0, 0, 1], undefined],
    [[0], undefined],
    [[], undefined],
  ];
  for (const [bytes, expected] of cases) {
    const { body } = Shard.of(Uint8Array.from(bytes));
    assert.deepEqual(body && [...body], expected, bytes.join());
  }
});

test("add() and addBody() add multiples, whatever the lengths: a shard counts as if zeros went on", () => {
  const parts = fc.array(fc.tuple(anyBody, anyFactor, fc.boolean()), { maxLength: 6 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), parts, (start, parts) => {
    const sum = Shard.of(start);
    const length = Math.max(start.length, ...parts.map(([body]) => 2 + body.length));
    const expected = [...start, ...new Array<number>(length - start.length).fill(0)];
    for (const [body, factor, asBody] of parts) {
      if (asBody) sum.addBody(body, factor);
      else sum.add(Shard.of(Uint8Array.from(shardBytes(body, 2 + body.length))), factor);
      shardBytes(body, length).forEach((byte, i) => expected[i]! ^= multiply(byte, factor));
    }
    assert.deepEqual([...sum.bytes], expected);
  }));
});

test("reset() makes it all zeros, also where it was longer before", () => {
  fc.assert(
    fc.property(anyBody, fc.nat({ max: 60 }), fc.nat({ max: 60 }), (body, first, second) => {
      const shard = new Shard(0);
      shard.setBody(body);
      for (const length of [first, second]) {
        shard.reset(length);
        assert.deepEqual(shard.bytes, new Uint8Array(length));
      }
    }),
  );
});
