import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteBudget } from "../../src/byte_budget.ts";
import { BODY_WINDOW, BodyWindow } from "../../src/fec/body_window.ts";

const body = (length: number, value: number) => new Uint8Array(length).fill(value);

test("BodyWindow keeps a copy of a body, once", () => {
  const window = new BodyWindow();
  const bytes = body(3, 7);
  assert.equal(window.keep(5, bytes), true);
  bytes.fill(9);
  assert.deepEqual(window.get(5), body(3, 7));
  assert.equal(window.keep(5, body(1, 1)), false);
  assert.deepEqual(window.get(5), body(3, 7));
  assert.equal(window.highest, 5);
});

test("BodyWindow covers the newest 256 numbers and all above them", () => {
  const window = new BodyWindow();
  window.keep(1000, body(1, 1));
  assert.equal(window.covers(1000 - BODY_WINDOW), false);
  assert.equal(window.covers(1001 - BODY_WINDOW), true);
  assert.equal(window.covers(Number.MAX_SAFE_INTEGER), true);
  assert.equal(window.keep(1000 - BODY_WINDOW, body(1, 1)), false);
  assert.equal(window.keep(1001 - BODY_WINDOW, body(1, 1)), true);
});

test("BodyWindow takes nothing that is no frame number", () => {
  const window = new BodyWindow();
  for (const number of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.equal(window.keep(number, body(1, 1)), false);
    assert.equal(window.get(number), undefined);
  }
  assert.equal(window.highest, -1);
});

test("BodyWindow agrees with a map, for any order of numbers and lengths", () => {
  const step = fc.tuple(
    fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: 0, max: 2 ** 40 })),
    fc.nat({ max: 20 }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const window = new BodyWindow();
    const slow = new Map<number, Uint8Array>();
    let highest = -1;
    steps.forEach(([jump, length], i) => {
      const number = Math.max(0, Math.max(0, highest) + jump);
      const expected = number > highest - BODY_WINDOW && !slow.has(number);
      assert.equal(window.keep(number, body(length, i)), expected);
      if (expected) {
        slow.set(number, body(length, i));
        highest = Math.max(highest, number);
      }
      for (const old of slow.keys()) if (old <= highest - BODY_WINDOW) slow.delete(old);
      for (const [kept, bytes] of slow) assert.deepEqual(window.get(kept), bytes);
      assert.equal(window.get(highest - BODY_WINDOW), undefined);
    });
  }));
});

test("keep() keeps no body for which there is no memory, and clear() gives all of it back", () => {
  const budget = new ByteBudget(10_000);
  const window = new BodyWindow(budget);
  const kept = Array.from({ length: 20 }, (_, i) => window.keep(i, new Uint8Array(1_000)));
  assert.deepEqual(kept, Array.from({ length: 20 }, (_, i) => i < 7));
  assert.equal(window.has(6), true);
  assert.equal(window.has(7), false);
  assert.ok(budget.used <= 10_000 && budget.used >= 7_000);
  assert.equal(window.keep(256, new Uint8Array(500)), true, "memory is used again");
  window.clear();
  assert.equal(budget.used, 0);
  assert.equal(window.has(256), false);
  assert.equal(window.keep(257, new Uint8Array(1_000)), true);
});
