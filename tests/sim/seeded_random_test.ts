import { test } from "node:test";
import assert from "node:assert/strict";
import { seededSource, SeededStream } from "../../src/sim/seeded_random.ts";

test("SeededStream gives equal fractions for equal text, and others for any other", () => {
  const draw = (seed: string) => Array.from({ length: 50 }, (_, n) => new SeededStream(seed).at(n));
  assert.deepEqual(draw("1/loss"), draw("1/loss"));
  const all = ["", "1", "2", "1/loss", "1/jitter", "loss/1"].flatMap(draw);
  assert.equal(new Set(all).size, all.length);
});

test("SeededStream gives the same numbers for ever", () => {
  const stream = new SeededStream("golden");
  assert.deepEqual(
    [0, 1, 2, 1_000_000, 2 ** 31, 2 ** 32 - 1].map((place) => stream.wordAt(place)),
    [2_858_994_549, 2_870_956_438, 251_696_390, 3_913_578_383, 986_302_315, 353_799_779],
  );
});

test("SeededStream is spread evenly, and neighbours have nothing to do with one another", () => {
  for (const seed of ["a", "b", "1/loss"]) {
    const stream = new SeededStream(seed);
    const bins = new Array<number>(64).fill(0);
    const pairs = new Array<number>(64).fill(0);
    const count = 64_000;
    for (let n = 0; n < count; n++) {
      bins[Math.floor(stream.at(n) * 64)]!++;
      pairs[Math.floor(stream.at(n) * 8) * 8 + Math.floor(stream.at(n + 1) * 8)]!++;
    }
    // Chi square with 63 degrees of freedom: above 120 once in 30,000 times.
    for (const list of [bins, pairs]) {
      const mean = count / 64;
      const chi = list.reduce((sum, each) => sum + (each - mean) ** 2 / mean, 0);
      assert.ok(chi < 120 && chi > 25, `${seed}: ${chi}`);
    }
  }
});

test("seededSource() fills arrays of any length with bytes of one sequence", () => {
  const whole = new Uint8Array(64);
  seededSource("x")(whole);
  const source = seededSource("x");
  const part = new Uint8Array(5);
  source(part);
  assert.deepEqual(part, whole.subarray(0, 5));
  // What is left of a word is not used.
  source(part);
  assert.deepEqual(part, whole.subarray(8, 13));
  source(new Uint8Array(0));
});
