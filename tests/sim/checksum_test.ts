import { test } from "node:test";
import assert from "node:assert/strict";
import { checksum } from "../../src/sim/checksum.ts";
import { TraceHash } from "../../src/sim/trace_hash.ts";
import { seededSource } from "../support/seeded_random.ts";

test("checksum() and TraceHash are the same wherever the bytes lie in memory", () => {
  const bytes = new Uint8Array(101);
  seededSource(5)(bytes);
  const sums = new Set<number>();
  const hashes = new Set<string>();
  for (let offset = 0; offset < 8; offset++) {
    const moved = new Uint8Array(120);
    moved.set(bytes, offset);
    const view = moved.subarray(offset, offset + bytes.length);
    sums.add(checksum(view, 0, bytes.length)).add(checksum(moved, offset, offset + bytes.length));
    const hash = new TraceHash();
    hash.addBytes(view);
    hashes.add(hash.toString());
  }
  assert.deepEqual([sums.size, hashes.size], [1, 1]);
});

test("checksum() notices every turned bit, another length and another start", () => {
  const bytes = new Uint8Array(23).fill(7);
  const sums = new Set([checksum(bytes, 0, 23), checksum(bytes, 0, 22), checksum(bytes, 0, 23, 1)]);
  for (let bit = 0; bit < 8 * 23; bit++) {
    bytes[bit >>> 3]! ^= 1 << (bit & 7);
    sums.add(checksum(bytes, 0, 23));
    bytes[bit >>> 3]! ^= 1 << (bit & 7);
  }
  assert.equal(sums.size, 3 + 8 * 23);
});
