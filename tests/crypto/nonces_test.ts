import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { asciiKey, keyedHash } from "../../src/crypto/hash.ts";
import { keyedWord, MOST_NONCES, NonceSequence } from "../../src/crypto/nonces.ts";
import { Random, type RandomSource } from "../../src/random.ts";
import { countRepeats } from "../support/nonce_repeats.ts";
import { seededSource } from "../support/seeded_random.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);

/** Draws the same byte for ever: the worst source there is. */
const stuck: RandomSource = (into) => void into.fill(7);

function sequence(source: RandomSource, count = 0, key = KEY): NonceSequence {
  return new NonceSequence(key, new Random(source), count);
}

test("keyedWord() is the first word of Chaskey, by the known answers of its authors", () => {
  const key = [0x833d3433, 0x009f389f, 0x2398e64f, 0x417acf39];
  const last = twice(twice(key));
  const words = Int32Array.from([...key.map((word, i) => word ^ last[i]!), last[0]!]);
  // Messages of 0 to 3 bytes, 00 01 02, with the padding that Chaskey gives them.
  const answers = [0x792e8fe5, 0x13a9307b, 0x55df8922, 0x1bdbb264];
  const messages = [0x01, 0x0100, 0x010100, 0x01020100];
  assert.deepEqual(messages.map((word) => keyedWord(words, word, 0, 8) >>> 0), answers);
});

/** Doubles a key in the field of Chaskey. */
function twice(key: readonly number[]): number[] {
  const carries = [key[3]! >>> 31 === 1 ? 0x87 : 0, ...key.slice(0, 3).map((word) => word >>> 31)];
  return key.map((word, i) => word << 1 ^ carries[i]!);
}

test("B-NONCE: nonces never occur twice under one key, even when the source always says the same: a million in a row", () => {
  assert.deepEqual(countRepeats(sequence(stuck), 1_000_000, 1), { repeats: 0, heads: 1 });
});

test("B-NONCE: nonces never occur twice where few heads are drawn again and again", () => {
  let draws = 0;
  const poor: RandomSource = (into) => into.forEach((_, i) => into[i] = (draws + i) % 3);
  const random = new Random((into) => {
    poor(into);
    draws++;
  });
  const { repeats, heads } = countRepeats(new NonceSequence(KEY, random), 100_000, 1_000);
  assert.equal(repeats, 0);
  assert.ok(heads < 20, `${heads} heads`);
});

test("B-NONCE: nonces never occur twice across the end of their count, which is told", () => {
  const nonces = sequence(stuck, MOST_NONCES - 1_000);
  assert.deepEqual(countRepeats(nonces, 1_000, 1), { repeats: 0, heads: 1 });
  assert.equal(nonces.count, MOST_NONCES);
  assert.throws(() => nonces.next(), new RangeError("the nonces of this key are used up"));
  // Nor is one of the first among the last.
  const first = sequence(stuck).next().slice();
  const last = sequence(stuck, MOST_NONCES - 1).next().slice();
  assert.notDeepEqual(first, last);
});

test("NonceSequence numbers by Chaskey of twelve rounds, under a key that comes from the packets'", () => {
  const nonces = sequence(seededSource(3), 1_000);
  const key = new Int32Array(keyedHash(asciiKey("sosistab-ts-nonces"), KEY).buffer);
  for (let count = 1_000; count < 1_100; count++) {
    const nonce = nonces.next();
    const words = new DataView(nonce.buffer, nonce.byteOffset);
    const [first, second] = [words.getInt32(0, true), words.getInt32(4, true)];
    assert.equal(words.getInt32(8, true), count ^ keyedWord(key, first, second, 12));
  }
});

test("NonceSequence: for each head the tail is a permutation of the count", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.uint8Array({ minLength: 12, maxLength: 12 }),
    fc.uniqueArray(fc.integer({ min: 0, max: MOST_NONCES - 1 }), { minLength: 2, maxLength: 50 }),
    (key, drawn, counts) => {
      const source: RandomSource = (into) => into.forEach((_, i) => into[i] = drawn[i % 12]!);
      const tails = counts.map((count) => tail(sequence(source, count, key).next()));
      counts.forEach((count, i) =>
        assert.equal((tails[i]! ^ tails[0]!) >>> 0, (count ^ counts[0]!) >>> 0)
      );
    },
  ));
});

function tail(nonce: Uint8Array): number {
  return new DataView(nonce.buffer, nonce.byteOffset).getUint32(8, true);
}

test("NonceSequence looks like noise: each bit and each byte of 400,000 nonces is as often as chance has it", () => {
  const nonces = sequence(seededSource(11));
  const count = 400_000;
  const ones = new Float64Array(96);
  const bytes = new Float64Array(256);
  // What follows one another must not show that it was counted.
  const steps = new Float64Array(32);
  let before = 0;
  for (let i = 0; i < count; i++) {
    const nonce = nonces.next();
    for (let bit = 0; bit < 96; bit++) ones[bit]! += nonce[bit >> 3]! >> (bit & 7) & 1;
    for (let at = 8; at < 12; at++) bytes[nonce[at]!]!++;
    const word = tail(nonce);
    for (let bit = 0; bit < 32; bit++) steps[bit]! += (word ^ before) >>> bit & 1;
    before = word;
  }
  // Five standard deviations: one bit of these 128 is beyond them once in 13,000 runs.
  const most = 5 * Math.sqrt(count / 4);
  for (const sum of [...ones, ...steps]) assert.ok(Math.abs(sum - count / 2) < most, `${sum} ones`);
  const expected = 4 * count / 256;
  const chi = bytes.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
  // 255 degrees of freedom: 370 is exceeded with a chance of 3 in 10^6.
  assert.ok(chi < 370, `chi-square ${chi}`);
});

test("NonceSequence counts under its key: another key gives other nonces of the same draws", () => {
  const a = sequence(stuck).next().slice();
  const b = sequence(stuck, 0, KEY.map((byte) => byte ^ 1)).next();
  assert.deepEqual(a.subarray(0, 8), b.subarray(0, 8));
  assert.notDeepEqual(a, b);
});

test("NonceSequence draws anew for each nonce: copies of a process that count alike go apart as soon as they draw differently", () => {
  const [a, b] = [sequence(seededSource(1)), sequence(seededSource(2))];
  for (let i = 0; i < 1_000; i++) assert.notDeepEqual(a.next().slice(), b.next());
});
