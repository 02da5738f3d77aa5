import { test } from "node:test";
import assert from "node:assert/strict";
import { equalBytes } from "../src/bytes.ts";

/** The same bytes, and how often each was read. */
function watched(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly reads: number[] } {
  const reads = new Array<number>(bytes.length).fill(0);
  const proxy = new Proxy(bytes, {
    get: (target, name) => {
      const at = Number(String(name));
      if (Number.isInteger(at)) reads[at] = (reads[at] ?? 0) + 1;
      return Reflect.get(target, name, target);
    },
  });
  return { bytes: proxy, reads };
}

test("B-TIME: equalBytes() reads each byte of both once, wherever the first difference is", () => {
  for (const length of [0, 1, 8, 16, 33]) {
    for (let wrong = -1; wrong < length; wrong++) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
      const other = bytes.slice();
      if (wrong >= 0) other[wrong]! ^= 0x80;
      const [a, b] = [watched(bytes), watched(other)];
      assert.equal(equalBytes(a.bytes, b.bytes), wrong < 0);
      const once = new Array<number>(length).fill(1);
      assert.deepEqual([a.reads, b.reads], [once, once]);
    }
  }
});

test("equalBytes() tells arrays of different lengths apart", () => {
  assert.equal(equalBytes(new Uint8Array(3), new Uint8Array(4)), false);
  assert.equal(equalBytes(new Uint8Array(0), new Uint8Array(0)), true);
});
