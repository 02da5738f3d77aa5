import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteGatherer } from "../../src/records/byte_gatherer.ts";

test("take() takes what is still wanted, whatever the pieces, and returns how many bytes", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 });
  fc.assert(fc.property(pieces, fc.nat(500), (pieces, wanted) => {
    const all = pieces.flatMap((piece) => [...piece]);
    const gatherer = new ByteGatherer(wanted);
    let taken = 0;
    for (const piece of pieces) {
      const count = gatherer.take(piece);
      assert.equal(count, Math.min(piece.length, wanted - taken));
      taken += count;
      assert.equal(gatherer.isComplete, taken === wanted);
    }
    assert.deepEqual([...gatherer.bytes], all.slice(0, wanted));
  }));
});

test("memory is taken as bytes come, and never ahead of them by more than twice", () => {
  const gatherer = new ByteGatherer(65_535);
  const memories = new Set<ArrayBufferLike>();
  for (let length = 1; length <= 65_535; length++) {
    gatherer.take(Uint8Array.of(7));
    memories.add(gatherer.bytes.buffer);
    assert.ok(gatherer.bytes.buffer.byteLength <= 2 * length);
  }
  assert.equal(gatherer.isComplete, true);
  assert.ok(memories.size <= 18, `${memories.size} memories for single bytes`);
});
