import { test } from "node:test";
import assert from "node:assert/strict";
import { Random } from "../../src/random.ts";
import { UniformPadding } from "../../src/session/padding.ts";
import { seededFraction, seededSource } from "../support/seeded_random.ts";

const MOST = 1372;

/** Values that a chi-square of so many cells exceeds once in a thousand times. */
const CRITICAL = new Map([[8, 24.32], [16, 37.70], [32, 61.10], [64, 103.44]]);

function paddingOf(seed = 1): UniformPadding {
  return new UniformPadding(new Random(seededSource(seed)));
}

/** How far the remainders of the lengths by `modulus` are from uniform. */
function chiSquare(lengths: readonly number[], modulus: number): number {
  const cells = new Array<number>(modulus).fill(0);
  for (const length of lengths) cells[length % modulus]!++;
  const expected = lengths.length / modulus;
  return cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Laws of lengths before padding: one length, bulk with acknowledgements, anything. */
const LAWS: readonly (readonly [string, (next: () => number) => number])[] = [
  ["one length", () => 33],
  ["bulk and acknowledgements", (next) => next() < 0.6 ? 1_280 : 48 + 8 * Math.floor(4 * next())],
  ["anything", (next) => 20 + Math.floor(1_200 * next())],
  ["multiples of 64", (next) => 64 * Math.floor(20 * next())],
];

for (const [name, law] of LAWS) {
  test(`UniformPadding leaves the remainder by 8, 16, 32 and 64 uniform: ${name}`, () => {
    const padding = paddingOf(20);
    const next = seededFraction(21);
    const lengths = Array.from({ length: 20_000 }, () => {
      const length = law(next);
      return length + padding.paddingFor(length, MOST);
    });
    for (const [modulus, critical] of CRITICAL) {
      const found = chiSquare(lengths, modulus);
      assert.ok(found < critical, `by ${modulus}: ${found}`);
    }
  });
}

test("the test of the remainders finds the original out within twenty packets", () => {
  const next = seededFraction(22);
  const lengths = Array.from({ length: 20 }, () => {
    const length = 20 + Math.floor(1_200 * next());
    return length + 32 - length % 32 + Math.floor(10 * next());
  });
  assert.ok(chiSquare(lengths, 32) > CRITICAL.get(32)!);
});

test("UniformPadding adds 0 to 63 bytes, each as often", () => {
  const padding = paddingOf();
  const counts = new Array<number>(64).fill(0);
  for (let i = 0; i < 64_000; i++) counts[padding.paddingFor(100, MOST)]!++;
  assert.equal(counts.length, 64);
  assert.ok(Math.min(...counts) > 850 && Math.max(...counts) < 1_150, `${counts}`);
});

test("UniformPadding adds as much as there is room for: 0 to most - length", () => {
  const padding = paddingOf();
  for (let room = 0; room <= 70; room++) {
    const seen = new Set<number>();
    for (let i = 0; i < 2_000; i++) seen.add(padding.paddingFor(MOST - room, MOST));
    assert.equal(Math.min(...seen), 0);
    assert.equal(Math.max(...seen), Math.min(63, room));
    assert.equal(seen.size, Math.min(63, room) + 1);
  }
});

test("UniformPadding adds nothing when the length is above the most already", () => {
  const padding = paddingOf();
  for (const excess of [1, 2, 63, 64, 700]) {
    for (let i = 0; i < 50; i++) assert.equal(padding.paddingFor(MOST + excess, MOST), 0);
  }
});
