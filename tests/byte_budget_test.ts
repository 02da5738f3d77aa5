import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteBudget } from "../src/byte_budget.ts";

test("take() takes bytes while there is room for them, here and in the whole", () => {
  const whole = new ByteBudget(100);
  const part = new ByteBudget(30, whole);
  assert.equal(part.take(30), true);
  assert.equal(part.take(1), false);
  assert.deepEqual([part.used, part.free, whole.used, whole.free], [30, 0, 30, 70]);
  part.use(-10);
  assert.equal(part.take(10), true);
  assert.equal(whole.used, 30);
});

test("ByteBudget: no part holds more than it leaves to the others, so that the next finds something free", () => {
  const whole = new ByteBudget(1_024);
  const parts = Array.from({ length: 8 }, () => new ByteBudget(Infinity, whole));
  for (const part of parts) while (part.take(1));
  assert.deepEqual(parts.map(({ used }) => used), [512, 256, 128, 64, 32, 16, 8, 4]);
  assert.equal(whole.free, 4);
});

test("refusals counts what was turned away here, and in the whole when there was no room there", () => {
  const whole = new ByteBudget(100);
  const [one, two] = [new ByteBudget(30, whole), new ByteBudget(90, whole)];
  assert.equal(one.take(31), false);
  assert.deepEqual([one.refusals, whole.refusals], [1, 0]);
  two.use(90);
  assert.equal(one.take(20), false);
  assert.deepEqual([one.refusals, two.refusals, whole.refusals], [2, 0, 1]);
});

test("close() gives all back, and nothing counts that is still held", () => {
  const whole = new ByteBudget(100);
  const part = new ByteBudget(50, whole);
  const inner = new ByteBudget(20, part);
  inner.take(10);
  part.take(5);
  part.close();
  assert.equal(whole.used, 0);
  inner.use(-10);
  part.use(-5);
  part.use(40);
  assert.equal(whole.used, 0);
});

test("used of the whole is the sum of its parts, and never above the limit while all is taken", () => {
  const steps = fc.array(fc.tuple(fc.nat(4), fc.nat(60), fc.boolean()), { maxLength: 200 });
  fc.assert(fc.property(steps, (each) => {
    const whole = new ByteBudget(200);
    const parts = Array.from({ length: 5 }, (_, i) => new ByteBudget(40 * (i + 1), whole));
    for (const [index, bytes, isTaking] of each) {
      const part = parts[index]!;
      if (isTaking) part.take(bytes);
      else part.use(-Math.min(bytes, part.used));
      assert.ok(part.used <= part.limit);
      assert.equal(whole.used, parts.reduce((sum, { used }) => sum + used, 0));
      assert.ok(whole.used <= whole.limit);
    }
  }));
});
