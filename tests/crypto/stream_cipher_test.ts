import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import { StreamCipher } from "../../src/crypto/stream_cipher.ts";
import { MOST_ENCRYPTED } from "../../src/kernels/cipher_work.ts";
import { PlainCipherKernel } from "../../src/kernels/plain_cipher_kernel.ts";
import { parseHex, vectors } from "../support/vectors.ts";

test("StreamCipher encrypts and decrypts as the original does", () => {
  for (const { key, plaintext, ciphertext } of vectors.streamCipher) {
    const bytes = parseHex(plaintext);
    new StreamCipher(parseHex(key)).apply(bytes);
    assert.equal(formatHex(bytes), ciphertext);
    new StreamCipher(parseHex(key)).apply(bytes);
    assert.equal(formatHex(bytes), plaintext);
  }
});

test("StreamCipher.apply() gives the same bytes however they are cut", () => {
  const key = new Uint8Array(32).fill(7);
  const lengths = fc.array(
    fc.oneof(fc.nat({ max: 10 }), fc.nat({ max: 200 }), fc.constantFrom(63, 64, 65, 128)),
    { maxLength: 30 },
  );
  fc.assert(fc.property(lengths, (lengths) => {
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const whole = new Uint8Array(total);
    new StreamCipher(key).apply(whole);
    const pieces = new Uint8Array(total);
    const cipher = new StreamCipher(key);
    let at = 0;
    for (const length of lengths) cipher.apply(pieces.subarray(at, at += length));
    assert.deepEqual(pieces, whole);
  }));
});

test("StreamCipher.apply() takes more than the work space holds, with any kernel", () => {
  const key = new Uint8Array(32).fill(9);
  const length = 2 * MOST_ENCRYPTED + 100;
  const [fast, plain] = [new StreamCipher(key), new StreamCipher(key, new PlainCipherKernel())];
  const [a, b] = [new Uint8Array(length), new Uint8Array(length)];
  for (const [cipher, bytes] of [[fast, a], [plain, b]] as const) {
    cipher.apply(bytes.subarray(0, 5));
    cipher.apply(bytes.subarray(5));
  }
  assert.deepEqual(a, b);
});

test("StreamCipher keeps a copy of the key, and throws when it is not 32 bytes", () => {
  const key = new Uint8Array(32).fill(1);
  const cipher = new StreamCipher(key);
  key.fill(2);
  const bytes = new Uint8Array(10);
  cipher.apply(bytes);
  new StreamCipher(new Uint8Array(32).fill(1)).apply(bytes);
  assert.deepEqual(bytes, new Uint8Array(10));
  assert.throws(() => new StreamCipher(new Uint8Array(31)), RangeError);
});
