import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { multiply } from "../../src/fec/galois.ts";
import { LinearForm } from "../../src/fec/linear_form.ts";

const FIRST = 1_000_000;
const COUNT = 12;

/** A factor for each of twelve unknowns; many are 0. */
const anyFactors = fc.array(
  fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 255 })),
  { minLength: COUNT, maxLength: COUNT },
);

function formOf(factors: readonly number[]): LinearForm {
  return new LinearForm(FIRST, Uint8Array.from(factors));
}

/** Checks all that a form says of itself. */
function assertForm(form: LinearForm, factors: readonly number[]): void {
  const found = Array.from({ length: COUNT + 4 }, (_, i) => form.factorOf(FIRST - 2 + i));
  assert.deepEqual(found, [0, 0, ...factors, 0, 0]);
  const terms = factors.filter((factor) => factor !== 0).length;
  assert.equal(form.isEmpty, terms === 0);
  assert.equal(form.isSingle, terms === 1);
  if (terms > 0) assert.equal(form.lowest, FIRST + factors.findIndex((factor) => factor !== 0));
}

test("LinearForm knows the factors that it was made of, and keeps a copy", () => {
  fc.assert(fc.property(anyFactors, (factors) => {
    const lent = Uint8Array.from(factors);
    const form = new LinearForm(FIRST, lent);
    lent.fill(9);
    assertForm(form, factors);
  }));
});

test("add() adds a multiple of another form that begins no lower", () => {
  fc.assert(
    fc.property(anyFactors, anyFactors, fc.integer({ min: 0, max: 255 }), (a, b, factor) => {
      const other = formOf(b.map((each, i) => i < a.findIndex((each) => each !== 0) ? 0 : each));
      const form = formOf(a);
      fc.pre(!form.isEmpty && !other.isEmpty);
      form.add(other, factor);
      assertForm(form, a.map((each, i) => each ^ multiply(other.factorOf(FIRST + i), factor)));
    }),
  );
});

test("timesToCancel() is what cancels the lowest unknown of the other form, or 0", () => {
  fc.assert(fc.property(anyFactors, anyFactors, (a, b) => {
    const form = formOf(a);
    const other = formOf(b);
    fc.pre(!other.isEmpty);
    const times = form.timesToCancel(other);
    assert.equal(times === 0, form.factorOf(other.lowest) === 0);
    if (times === 0) return;
    form.add(other, times);
    assert.equal(form.factorOf(other.lowest), 0);
  }));
});

test("drop() takes an unknown out, and changes no other", () => {
  fc.assert(fc.property(anyFactors, fc.integer({ min: -2, max: COUNT + 1 }), (factors, i) => {
    const form = formOf(factors);
    form.drop(FIRST + i);
    assertForm(form, factors.map((factor, j) => j === i ? 0 : factor));
  }));
});
