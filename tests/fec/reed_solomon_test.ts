import { test } from "node:test";
import assert from "node:assert/strict";
import { formatHex } from "../../src/bytes.ts";
import { divide, multiply } from "../../src/fec/galois.ts";
import { encodeParity, parityRow } from "../../src/fec/reed_solomon.ts";
import { parseHex, vectors } from "../support/vectors.ts";

function parityOf(bodies: readonly Uint8Array[], count: number, padSize: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const shard = new Uint8Array(padSize).fill(0xaa);
    encodeParity(bodies, index, shard);
    return shard;
  });
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

test("encodeParity() makes the original's shards", () => {
  for (const { bodies, parity, parityCount, padSize } of vectors.reedSolomon) {
    const shards = parityOf(bodies.map(parseHex), parityCount, padSize);
    assert.deepEqual(shards.map(formatHex), parity);
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

test("parityRow() has the factors by which the data shards make a parity shard, none of them 0", () => {
  for (const dataCount of [1, 2, 3, 7, 16, 33]) {
    const matrix = slowMatrix(dataCount, dataCount + 12);
    for (let index = 0; index < 12; index++) {
      const row = parityRow(dataCount, index);
      assert.deepEqual([...row], matrix[dataCount + index]);
      assert.equal(row.includes(0), false);
    }
  }
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
