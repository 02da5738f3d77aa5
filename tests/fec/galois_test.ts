import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { addProduct, divide, multiply } from "../../src/fec/galois.ts";

/** The product as school does it: shift and add, then reduce. */
function slowProduct(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if (b >> bit & 1) product ^= a << bit;
  for (let bit = 14; bit >= 8; bit--) if (product >> bit & 1) product ^= 0x11d << (bit - 8);
  return product;
}

test("multiply() agrees with long multiplication for every pair", () => {
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) assert.equal(multiply(a, b), slowProduct(a, b));
  }
});

test("divide() undoes multiply() for every pair", () => {
  for (let a = 0; a < 256; a++) {
    for (let b = 1; b < 256; b++) assert.equal(divide(multiply(a, b), b), a);
  }
});

test("divide() throws when it is to divide by 0", () => {
  assert.throws(() => divide(1, 0), RangeError);
});

test("addProduct() adds a multiple of each of the first bytes, and touches no other", () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const factor = fc.integer({ min: 0, max: 255 });
  fc.assert(fc.property(bytes, bytes, factor, fc.nat({ max: 8 }), (into, source, factor, count) => {
    const expected = into.map((byte, i) =>
      i < 4 * count ? byte ^ slowProduct(source[i]!, factor) : byte
    );
    const words = (bytes: Uint8Array) => new Uint32Array(bytes.buffer, bytes.byteOffset, 8);
    addProduct(words(into), words(source), count, factor);
    assert.deepEqual(into, expected);
  }));
});
