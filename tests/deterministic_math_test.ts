import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { cubeRoot, exponential, naturalLog } from "../src/deterministic_math.ts";

/** Relative error that is allowed, against functions that have up to a unit or two of their own. */
const TOLERANCE = 2e-15;

function assertClose(actual: number, expected: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), Number.MIN_VALUE);
  assert.ok(actual === expected || error <= TOLERANCE, `${what}: ${actual}, not ${expected}`);
}

const positive = fc.oneof(
  fc.double({ min: 2 ** -1022, noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: 0.5, max: 2, noNaN: true }),
  fc.double({ min: 1 - 2 ** -30, max: 1 + 2 ** -30, noNaN: true }),
  fc.integer({ min: 1, max: 100_000 }),
);

test("naturalLog() agrees with Math.log", () => {
  fc.assert(
    fc.property(positive, (x) => assertClose(naturalLog(x), Math.log(x), `ln ${x}`)),
    { numRuns: 5_000 },
  );
});

test("naturalLog() of powers of two and their neighbours agrees with Math.log", () => {
  for (let exponent = -1022; exponent <= 1023; exponent++) {
    for (const x of [2 ** exponent, 2 ** exponent * (1 + 2 ** -52), 2 ** exponent * 1.5]) {
      assertClose(naturalLog(x), Math.log(x), `ln ${x}`);
    }
  }
});

test("naturalLog() is -Infinity for 0, NaN below it and Infinity for Infinity", () => {
  assert.equal(naturalLog(0), -Infinity);
  assert.equal(naturalLog(-1), NaN);
  assert.equal(naturalLog(NaN), NaN);
  assert.equal(naturalLog(Infinity), Infinity);
  assert.equal(naturalLog(1), 0);
});

test("naturalLog() takes numbers that have lost bits", () => {
  for (const x of [Number.MIN_VALUE, 2 ** -1023, 2 ** -1060 * 3]) {
    assertClose(naturalLog(x), Math.log(x), `ln ${x}`);
  }
});

test("exponential() agrees with Math.exp", () => {
  const x = fc.oneof(
    fc.double({ min: -708, max: 709.7, noNaN: true }),
    fc.double({ min: -2, max: 2, noNaN: true }),
    fc.integer({ min: -700, max: 700 }),
  );
  fc.assert(
    fc.property(x, (x) => assertClose(exponential(x), Math.exp(x), `exp ${x}`)),
    { numRuns: 5_000 },
  );
});

test("exponential() ends in 0 and Infinity", () => {
  assert.equal(exponential(0), 1);
  assert.equal(exponential(-746), 0);
  assert.equal(exponential(-Infinity), 0);
  assert.equal(exponential(710), Infinity);
  assert.equal(exponential(Infinity), Infinity);
  assert.equal(exponential(NaN), NaN);
  // Results this small have few bits, so they agree to the last of those and no better.
  for (const x of [-709, -720, -744]) {
    assert.ok(Math.abs(exponential(x) - Math.exp(x)) <= Math.exp(x) * 2e-15 + Number.MIN_VALUE);
  }
});

test("cubeRoot() agrees with Math.cbrt, on both sides of 0", () => {
  fc.assert(
    fc.property(positive, (x) => {
      assertClose(cubeRoot(x), Math.cbrt(x), `cbrt ${x}`);
      assert.equal(cubeRoot(-x), -cubeRoot(x));
    }),
    { numRuns: 5_000 },
  );
});

test("cubeRoot() of the ends of the range", () => {
  for (const x of [0, Infinity, -Infinity, NaN]) assert.equal(cubeRoot(x), x);
  for (const x of [Number.MIN_VALUE, 2 ** -1023, Number.MAX_VALUE, 2 ** -1022]) {
    assertClose(cubeRoot(x), Math.cbrt(x), `cbrt ${x}`);
  }
});

test("naturalLog(), exponential() and cubeRoot() give the same last bits on every runtime", () => {
  const bits = new BigUint64Array(3);
  const numbers = new Float64Array(bits.buffer);
  for (let i = 1; i <= 1000; i++) {
    numbers[0]! += naturalLog(i / 7);
    numbers[1]! += exponential(i / 100 - 5);
    numbers[2]! += cubeRoot(i / 3);
  }
  assert.deepEqual([...bits].map((each) => each.toString(16)), [
    "40aefc6fa18dc751",
    "40cd217c081fee39",
    "40b4537bf84f936e",
  ]);
});
