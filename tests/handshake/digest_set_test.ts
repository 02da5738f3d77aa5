import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { DigestSet } from "../../src/handshake/digest_set.ts";

const MOST = 2 ** 32 - 1;

test("DigestSet holds what a Set of the same numbers holds", () => {
  // Numbers that begin their search at few places, and at the last one.
  const near = fc.integer({ min: 1, max: 300 }).map((n) => n % 2 ? n : MOST - n);
  const digests = fc.array(fc.oneof(near, fc.integer({ min: 1, max: MOST })), { maxLength: 300 });
  fc.assert(
    fc.property(digests, digests, (added, asked) => {
      const [set, model] = [new DigestSet(), new Set<number>()];
      for (const digest of added) {
        assert.equal(set.has(digest), model.has(digest));
        set.add(digest);
        model.add(digest);
        assert.equal(set.size, model.size);
      }
      for (const digest of [...asked, ...added]) assert.equal(set.has(digest), model.has(digest));
      const byValue = (a: number, b: number) => a - b;
      assert.deepEqual([...set].sort(byValue), [...model].sort(byValue));
    }),
  );
});

test("DigestSet has 64 places at first; isFull tells that the next number doubles them", () => {
  const set = new DigestSet();
  assert.equal(set.places, DigestSet.leastPlaces);
  assert.equal(set.places, 64);
  for (let digest = 1; digest < 10_000; digest++) {
    const { isFull } = set;
    const places: number = set.places;
    assert.equal(isFull, set.size === places * 3 / 4);
    set.add(digest * 400_009 % MOST);
    assert.equal(set.places, isFull ? 2 * places : places);
  }
});
