import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { normalQuantile } from "../../src/stats/normal_quantile.ts";

/** The normal distribution below `z`, by the series of its density: slow and plain. */
function normalBelow(z: number): number {
  let term = z;
  let sum = z;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17 && n < 1000; n++) {
    term *= z * z / (2 * n + 1);
    sum += term;
  }
  return 0.5 + sum * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
}

test("normalQuantile() undoes the distribution", () => {
  fc.assert(fc.property(fc.double({ min: -5, max: 5, noNaN: true }), (z) => {
    const fraction = normalBelow(z);
    const density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    assert.ok(Math.abs(normalQuantile(fraction) - z) < 1e-12 + 1e-15 / density);
  }));
});

test("normalQuantile() agrees with the table in AS 241 in each of its three regions", () => {
  for (
    const [fraction, z] of [
      [0.25, -0.6744897501960817],
      [0.001, -3.090232306167814],
      [1e-20, -9.262340089798408],
    ] as const
  ) {
    assert.ok(Math.abs(normalQuantile(fraction) - z) < 1e-14 * Math.abs(z));
  }
});

test("normalQuantile() is odd around one half", () => {
  for (const fraction of [2 ** -2, 2 ** -6, 2 ** -20, 2 ** -40]) {
    assert.equal(normalQuantile(1 - fraction), -normalQuantile(fraction));
  }
  assert.equal(normalQuantile(0.5), 0);
});

test("normalQuantile() gives -Infinity and Infinity at the ends, and throws beyond them", () => {
  assert.equal(normalQuantile(0), -Infinity);
  assert.equal(normalQuantile(1), Infinity);
  for (const fraction of [-0.1, 1.1, NaN]) {
    assert.throws(() => normalQuantile(fraction), RangeError);
  }
});
