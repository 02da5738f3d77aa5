/**
 * Logarithm, exponential and cube root whose last bits are the same everywhere.
 *
 * The language leaves the precision of most of `Math` to the engine, so the same seed could run
 * differently on two runtimes. What is here is made of + - * /, which IEEE 754 defines to the last
 * bit. The methods are the usual ones: take the power of two out of the number, and sum a series
 * for the rest, as in W. J. Cody and W. Waite, "Software Manual for the Elementary Functions",
 * 1980. The relative error is below 2e-15.
 *
 * @module
 */

/** ln 2 in two parts; the first has 32 bits, so that its product with an exponent is exact. */
const LN2_HIGH = 0.693147180369123816490;
const LN2_LOW = 1.90821492927058770002e-10;

const SQRT_HALF = 0.70710678118654752440;

/** Beyond these an exponential is no longer a finite number, or no longer above 0. */
const EXPONENT_OVERFLOW = 709.782712893383973096;
const EXPONENT_UNDERFLOW = -745.133219101941108420;

/** The smallest number that has all its bits. */
const SMALLEST_NORMAL = 2 ** -1022;

const view = new DataView(new ArrayBuffer(8));

/**
 * The natural logarithm.
 *
 * @returns `-Infinity` for 0, `NaN` below it.
 */
export function naturalLog(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return Infinity;
  if (x < SMALLEST_NORMAL) return naturalLog(x * 2 ** 54) - 54 * LN2_HIGH - 54 * LN2_LOW;
  // x = fraction * 2^exponent, with the fraction from sqrt(1/2) up to sqrt(2).
  let exponent = exponentOf(x) + 1;
  let fraction = x / powerOfTwo(exponent - 1) / 2;
  if (fraction < SQRT_HALF) {
    fraction *= 2;
    exponent -= 1;
  }
  // ln f = 2 artanh s with s = (f - 1) / (f + 1): 2 (s + s^3/3 + s^5/5 + ...), |s| < 0.172.
  const s = (fraction - 1) / (fraction + 1);
  const square = s * s;
  let sum = 0;
  for (let n = 23; n >= 3; n -= 2) sum = (sum + 1 / n) * square;
  return exponent * LN2_HIGH + (2 * s + (2 * s * sum + exponent * LN2_LOW));
}

/** e to the power of `x`. */
export function exponential(x: number): number {
  if (!(x <= EXPONENT_OVERFLOW)) return x > 0 ? Infinity : NaN;
  if (x < EXPONENT_UNDERFLOW) return 0;
  // x = exponent * ln 2 + rest, with the rest no larger than half of ln 2.
  const exponent = Math.floor(x / LN2_HIGH + 0.5);
  const rest = (x - exponent * LN2_HIGH) - exponent * LN2_LOW;
  let sum = 1;
  for (let n = 14; n >= 1; n--) sum = 1 + sum * rest / n;
  // In two steps, as 2^1024 is no number, and 2^-1075 none either.
  const half = Math.floor(exponent / 2);
  return sum * powerOfTwo(half) * powerOfTwo(exponent - half);
}

/** The cube root, of negative numbers too. */
export function cubeRoot(x: number): number {
  if (x === 0 || !(Math.abs(x) < Infinity)) return x;
  if (x < 0) return -cubeRoot(-x);
  if (x < SMALLEST_NORMAL) return cubeRoot(x * 2 ** 54) / 2 ** 18;
  // x = fraction * 8^third, with the fraction from 1 up to 8, and its root from 1 up to 2.
  const third = Math.floor(exponentOf(x) / 3);
  const fraction = x / powerOfTwo(third) / powerOfTwo(third) / powerOfTwo(third);
  // Newton's steps square the error; the line is at most 9 % off.
  let root = 1 + (fraction - 1) / 6;
  for (let i = 0; i < 5; i++) root -= (root - fraction / (root * root)) / 3;
  return root * powerOfTwo(third);
}

/** The power of two in a normal number: its fraction is from 1 up to 2. */
function exponentOf(x: number): number {
  view.setFloat64(0, x);
  return (view.getUint16(0) >>> 4 & 0x7ff) - 1023;
}

/** 2 to the power of an integer from -1022 to 1023. */
function powerOfTwo(exponent: number): number {
  view.setUint32(0, (exponent + 1023) << 20);
  view.setUint32(4, 0);
  return view.getFloat64(0);
}
