import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import { divide, multiply } from "../../src/fec/galois.ts";
import { encodeParity, rebuildBodies } from "../../src/fec/reed_solomon.ts";
import { parseHex, vectors } from "../support/vectors.ts";

function parityOf(bodies: readonly Uint8Array[], count: number, padSize: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const shard = new Uint8Array(padSize).fill(0xaa);
    encodeParity(bodies, index, shard);
    return shard;
  });
}

function padSizeOf(bodies: readonly Uint8Array[]): number {
  return 2 + Math.max(...bodies.map((body) => body.length));
}

/** The matrix as the wire describes it: Vandermonde times the inverse of its top square. */
function slowMatrix(dataCount: number, rows: number): number[][] {
  const vandermonde = Array.from({ length: rows }, (_, r) => {
    const row = [1];
    while (row.length < dataCount) row.push(multiply(row.at(-1)!, r));
    return row;
  });
  // Gauss and Jordan, on the columns: what makes the top square an identity inverts it.
  for (let pivot = 0; pivot < dataCount; pivot++) {
    const swap = vandermonde[pivot]!.findIndex((each, c) => c >= pivot && each !== 0);
    for (const row of vandermonde) [row[pivot], row[swap]] = [row[swap]!, row[pivot]!];
    const head = vandermonde[pivot]![pivot]!;
    for (const row of vandermonde) row[pivot] = divide(row[pivot]!, head);
    const factors = [...vandermonde[pivot]!];
    for (let c = 0; c < dataCount; c++) {
      if (c === pivot) continue;
      for (const row of vandermonde) row[c]! ^= multiply(row[pivot]!, factors[c]!);
    }
  }
  return vandermonde;
}

const anyBodies = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 20 });

/** A run with some of its bodies and shards lost, but enough of them left. */
const anyLoss = anyBodies.chain((bodies) =>
  fc.record({
    bodies: fc.constant(bodies),
    parityCount: fc.integer({ min: 1, max: 20 }),
    slack: fc.nat({ max: 5 }),
    order: fc.shuffledSubarray(Array.from({ length: bodies.length + 20 }, (_, i) => i), {
      minLength: bodies.length + 20,
    }),
  })
);

test("encodeParity() makes the original's shards", () => {
  for (const { bodies, parity, parityCount, padSize } of vectors.reedSolomon) {
    const shards = parityOf(bodies.map(parseHex), parityCount, padSize);
    assert.deepEqual(shards.map(formatHex), parity);
  }
});

test("rebuildBodies() rebuilds the original's bodies, the first as many as there are shards", () => {
  for (const { bodies, parity, dataCount } of vectors.reedSolomon) {
    const lost = Math.min(dataCount, parity.length);
    const left = bodies.map((body, i) => i < lost ? undefined : parseHex(body));
    const shards = parity.slice(0, lost).map((bytes, index) => ({ index, bytes: parseHex(bytes) }));
    assert.deepEqual(
      rebuildBodies(left, shards).map(({ index, body }) => [index, body && formatHex(body)]),
      bodies.slice(0, lost).map((body, index) => [index, body]),
    );
  }
});

test("encodeParity() agrees with the matrix as the wire describes it", () => {
  for (const dataCount of [1, 2, 3, 7, 16, 33]) {
    const matrix = slowMatrix(dataCount, dataCount + 12);
    for (let c = 0; c < dataCount; c++) {
      // A body of one byte in a run of empty ones shows one column of the matrix.
      const bodies = Array.from({ length: dataCount }, (_, i) => new Uint8Array(i === c ? 1 : 0));
      bodies[c]![0] = 1;
      const column = parityOf(bodies, 12, 3).map((shard) => shard[2]);
      assert.deepEqual(column, matrix.slice(dataCount).map((row) => row[c]));
    }
  }
});

test("rebuildBodies() needs any k of the k + p shards, and no more", () => {
  fc.assert(fc.property(anyLoss, ({ bodies, parityCount, slack, order }) => {
    const padSize = padSizeOf(bodies) + slack;
    const parity = parityOf(bodies, parityCount, padSize);
    const kept = order.filter((i) => i < bodies.length + parityCount).slice(0, bodies.length);
    const left = bodies.map((body, i) => kept.includes(i) ? body : undefined);
    const shards = kept.filter((i) => i >= bodies.length)
      .map((i) => ({ index: i - bodies.length, bytes: parity[i - bodies.length]! }));
    const rebuilt = rebuildBodies(left, shards);
    assert.equal(rebuilt.length, shards.length);
    for (const { index, body } of rebuilt) {
      assert.equal(left[index], undefined);
      assert.deepEqual(body, bodies[index]);
    }
  }));
});

test("rebuildBodies() gives no body when the shard's length does not fit its size", () => {
  const [rebuilt] = rebuildBodies([undefined], [{ index: 0, bytes: new Uint8Array([3, 0, 1, 2]) }]);
  assert.deepEqual(rebuilt, { index: 0, body: undefined });
  const [fits] = rebuildBodies([undefined], [{ index: 0, bytes: new Uint8Array([2, 0, 1, 2]) }]);
  assert.deepEqual(fits, { index: 0, body: new Uint8Array([1, 2]) });
});

test("rebuildBodies() throws unless it gets as many shards as bodies are missing", () => {
  const shard = { index: 0, bytes: new Uint8Array(5) };
  assert.throws(() => rebuildBodies([undefined, undefined], [shard]), RangeError);
  assert.throws(() => rebuildBodies([new Uint8Array(1)], [shard]), RangeError);
});

test("encodeParity() throws beyond the points of the field, and for a body without room", () => {
  const bodies = Array.from({ length: 200 }, () => new Uint8Array(1));
  encodeParity(bodies, 55, new Uint8Array(3));
  assert.throws(() => encodeParity(bodies, 56, new Uint8Array(3)), RangeError);
  assert.throws(() => encodeParity(bodies, -1, new Uint8Array(3)), RangeError);
  assert.throws(() => encodeParity([], 0, new Uint8Array(3)), RangeError);
  assert.throws(() => encodeParity(bodies, 0, new Uint8Array(2)), RangeError);
});

test("encodeParity() gives the same shards whatever was asked before", () => {
  const bodies = [new Uint8Array([1, 2]), new Uint8Array([3])];
  const before = parityOf(bodies, 3, 4);
  for (let count = 1; count < 200; count++) {
    parityOf(Array.from({ length: count }, () => new Uint8Array(0)), 10, 2);
  }
  assert.deepEqual(parityOf(bodies, 3, 4), before);
});
