/**
 * Arithmetic in the field of 256 elements, which are bytes: their sum is `^`, and their product is
 * that of polynomials over the bits, modulo x^8 + x^4 + x^3 + x^2 + 1.
 *
 * The element 2 generates all others but 0, so a product is a sum of logarithms.
 *
 * @module
 */

// Protocol constants: changing one breaks interoperation.

const POLYNOMIAL = 0x11d;

/** The order of the multiplicative group. */
const ORDER = 255;

/** Powers of 2, twice over, so that a sum of two logarithms needs no remainder. */
const POWERS = new Uint8Array(2 * ORDER);
const LOGARITHMS = new Uint8Array(256);

for (let exponent = 0, power = 1; exponent < ORDER; exponent++) {
  POWERS[exponent] = POWERS[exponent + ORDER] = power;
  LOGARITHMS[power] = exponent;
  power <<= 1;
  if (power > 0xff) power ^= POLYNOMIAL;
}

/**
 * Row f is the product of f and every byte: 64 KiB that make a product one look-up, which is 1.3
 * to 2.8 times as fast as adding logarithms.
 */
const PRODUCTS = new Uint8Array(256 * 256);

for (let a = 1; a < 256; a++) {
  for (let b = 1; b < 256; b++) {
    PRODUCTS[a << 8 | b] = POWERS[LOGARITHMS[a]! + LOGARITHMS[b]!]!;
  }
}

/** The product of two elements. */
export function multiply(a: number, b: number): number {
  return PRODUCTS[a << 8 | b]!;
}

/**
 * The quotient of two elements.
 *
 * @param b Not 0.
 */
export function divide(a: number, b: number): number {
  if (b === 0) throw new RangeError("division by zero");
  return a === 0 ? 0 : POWERS[LOGARITHMS[a]! + ORDER - LOGARITHMS[b]!]!;
}

/**
 * Adds `factor` times the first `count` words of `source` to those of `into`. A word is four
 * elements side by side, in whatever order the machine keeps them: that is 1.3 to 2 times as fast
 * as byte after byte.
 */
export function addProduct(
  into: Uint32Array,
  source: Uint32Array,
  count: number,
  factor: number,
): void {
  const row = factor << 8;
  for (let i = 0; i < count; i++) {
    const word = source[i]!;
    into[i]! ^= PRODUCTS[row | word & 0xff]! |
      PRODUCTS[row | word >>> 8 & 0xff]! << 8 |
      PRODUCTS[row | word >>> 16 & 0xff]! << 16 |
      PRODUCTS[row | word >>> 24]! << 24;
  }
}
