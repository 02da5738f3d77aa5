import { test } from "node:test";
import assert from "node:assert/strict";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import { MOST_MESSAGE, SESSION_OVERHEAD, SessionCipher } from "../../src/crypto/aead.ts";
import { createCipherKernel } from "../../src/kernels/cipher_kernel.ts";
import { PlainCipherKernel } from "../../src/kernels/plain_cipher_kernel.ts";
import { parseHex, vectors } from "../support/vectors.ts";

function sealed(cipher: SessionCipher, plaintext: Uint8Array, nonce: Uint8Array): Uint8Array {
  const packet = new Uint8Array(plaintext.length + SESSION_OVERHEAD);
  packet.set(plaintext);
  assert.equal(cipher.seal(packet, plaintext.length, nonce), packet.length);
  return packet;
}

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const nonce = fc.uint8Array({ minLength: 12, maxLength: 12 });
const plaintext = fc.uint8Array({ maxLength: 2100, size: "max" });

test("SessionCipher seals and opens as the original does", () => {
  for (const vector of vectors.sessionAead) {
    const cipher = new SessionCipher(parseHex(vector.key));
    const packet = sealed(cipher, parseHex(vector.plaintext), parseHex(vector.nonce));
    assert.equal(formatHex(packet), vector.packet);
    assert.deepEqual(cipher.open(parseHex(vector.packet)), parseHex(vector.plaintext));
  }
});

test("SessionCipher is ChaCha20-Poly1305 of RFC 8439 with the nonce behind the tag", () => {
  fc.assert(fc.property(
    key,
    nonce,
    plaintext,
    fc.integer({ min: 0, max: 5 }),
    fc.constantFrom(createCipherKernel(), new PlainCipherKernel()),
    (key, nonce, plaintext, offset, kernel) => {
      const cipher = new SessionCipher(key, kernel);
      const expected = [...chacha20poly1305(key, nonce).encrypt(plaintext), ...nonce];
      const memory = new Uint8Array(offset + plaintext.length + SESSION_OVERHEAD);
      const packet = memory.subarray(offset);
      packet.set(plaintext);
      cipher.seal(packet, plaintext.length, nonce);
      assert.deepEqual(packet, new Uint8Array(expected));
      assert.deepEqual(cipher.open(packet), plaintext);
    },
  ));
});

test("SessionCipher takes messages that are longer than any packet", () => {
  const cipher = new SessionCipher(new Uint8Array(32).fill(3));
  const nonce = new Uint8Array(12).fill(4);
  for (const length of [2048, 2049, 65_000, MOST_MESSAGE, 100]) {
    const plaintext = new Uint8Array(length).fill(length);
    const packet = sealed(cipher, plaintext, nonce);
    const expected = chacha20poly1305(new Uint8Array(32).fill(3), nonce).encrypt(plaintext);
    assert.deepEqual(packet.subarray(0, length + 16), expected);
    assert.deepEqual(cipher.open(packet), plaintext);
  }
});

test("SessionCipher.open() returns a view on the packet", () => {
  const cipher = new SessionCipher(new Uint8Array(32));
  const packet = sealed(cipher, new Uint8Array([1, 2, 3]), new Uint8Array(12));
  assert.equal(cipher.open(packet)?.buffer, packet.buffer);
  assert.deepEqual(packet.slice(0, 3), new Uint8Array([1, 2, 3]));
});

test("SessionCipher.open() leaves a packet with any bit flipped as it was", () => {
  const cipher = new SessionCipher(new Uint8Array(32).fill(5));
  const good = sealed(cipher, new Uint8Array(20).fill(1), new Uint8Array(12).fill(2));
  for (let bit = 0; bit < 8 * good.length; bit++) {
    const bad = good.slice();
    bad[bit >> 3]! ^= 1 << (bit & 7);
    const before = bad.slice();
    assert.equal(cipher.open(bad), undefined);
    assert.deepEqual(bad, before);
  }
  assert.deepEqual(cipher.open(good), new Uint8Array(20).fill(1));
});

test("SessionCipher.open() returns undefined for every truncation and for another key", () => {
  const cipher = new SessionCipher(new Uint8Array(32).fill(5));
  const packet = sealed(cipher, new Uint8Array(20), new Uint8Array(12));
  for (let length = 0; length < packet.length; length++) {
    assert.equal(cipher.open(packet.slice(0, length)), undefined);
  }
  assert.equal(new SessionCipher(new Uint8Array(32).fill(6)).open(packet), undefined);
});

test("SessionCipher.open() survives any bytes", () => {
  const cipher = new SessionCipher(new Uint8Array(32));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    assert.equal(cipher.open(bytes), undefined);
  }));
});

test("SessionCipher.seal() writes nothing behind the packet, and throws without room or nonce", () => {
  const cipher = new SessionCipher(new Uint8Array(32));
  const memory = new Uint8Array(50);
  assert.equal(cipher.seal(memory, 10, new Uint8Array(12)), 10 + SESSION_OVERHEAD);
  assert.deepEqual(memory.slice(10 + SESSION_OVERHEAD), new Uint8Array(40 - SESSION_OVERHEAD));
  assert.throws(() => cipher.seal(memory, 23, new Uint8Array(12)), RangeError);
  assert.throws(() => cipher.seal(memory, 10, new Uint8Array(16)), RangeError);
  const long = new Uint8Array(MOST_MESSAGE + 1 + SESSION_OVERHEAD);
  assert.throws(() => cipher.seal(long, MOST_MESSAGE + 1, new Uint8Array(12)), RangeError);
  assert.equal(cipher.open(long), undefined);
});

test("SessionCipher leaves no key of a tag in the work space", () => {
  const kernel = createCipherKernel();
  const cipher = new SessionCipher(new Uint8Array(32).fill(1), kernel);
  const packet = sealed(cipher, new Uint8Array(100), new Uint8Array(12));
  const zeros = new Uint8Array(64);
  assert.deepEqual(kernel.work.slice(0, 64), zeros);
  assert.ok(cipher.open(packet.slice()));
  assert.deepEqual(kernel.work.slice(0, 64), zeros);
  packet[0]! ^= 1;
  assert.equal(cipher.open(packet), undefined);
  assert.deepEqual(kernel.work.slice(0, 64), zeros);
});

test("SessionCipher keeps a copy of the key, and throws when it is not 32 bytes", () => {
  const key = new Uint8Array(32).fill(1);
  const cipher = new SessionCipher(key);
  const packet = sealed(cipher, new Uint8Array(5), new Uint8Array(12));
  key.fill(2);
  assert.deepEqual(cipher.open(packet), new Uint8Array(5));
  for (const length of [0, 31, 33]) {
    assert.throws(() => new SessionCipher(new Uint8Array(length)), RangeError);
  }
});
