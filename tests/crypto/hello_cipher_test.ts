import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import { HELLO_OVERHEAD, HelloCipher } from "../../src/crypto/hello_cipher.ts";
import { parseHex, vectors } from "../support/vectors.ts";

function sealed(cipher: HelloCipher, plaintext: Uint8Array, nonce: Uint8Array): Uint8Array {
  const packet = new Uint8Array(plaintext.length + HELLO_OVERHEAD);
  packet.set(plaintext);
  assert.equal(cipher.seal(packet, plaintext.length, nonce), packet.length);
  return packet;
}

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const nonce = fc.uint8Array({ minLength: 16, maxLength: 16 });
const plaintext = fc.uint8Array({ maxLength: 300 });

test("HelloCipher seals and opens as the original does", () => {
  for (const vector of vectors.handshakeAead) {
    const cipher = new HelloCipher(parseHex(vector.key));
    const packet = sealed(cipher, parseHex(vector.plaintext), parseHex(vector.nonce));
    assert.equal(formatHex(packet), vector.packet);
    assert.deepEqual(cipher.open(parseHex(vector.packet)), parseHex(vector.plaintext));
  }
});

test("HelloCipher.open() gives back what seal() was given, packet after packet", () => {
  fc.assert(fc.property(
    key,
    fc.array(fc.tuple(plaintext, nonce), { maxLength: 4 }),
    (key, packets) => {
      const cipher = new HelloCipher(key);
      for (const [text, nonce] of packets) {
        assert.deepEqual(cipher.open(sealed(cipher, text, nonce)), text);
      }
    },
  ));
});

test("HelloCipher.open() returns a view on the packet", () => {
  const cipher = new HelloCipher(new Uint8Array(32));
  const packet = sealed(cipher, new Uint8Array([1, 2, 3]), new Uint8Array(16));
  assert.equal(cipher.open(packet)?.buffer, packet.buffer);
  assert.deepEqual(packet.slice(0, 3), new Uint8Array([1, 2, 3]));
});

test("HelloCipher.open() leaves a packet with any bit flipped as it was", () => {
  const cipher = new HelloCipher(new Uint8Array(32).fill(5));
  const good = sealed(cipher, new Uint8Array(20).fill(1), new Uint8Array(16).fill(2));
  for (let bit = 0; bit < 8 * good.length; bit++) {
    const bad = good.slice();
    bad[bit >> 3]! ^= 1 << (bit & 7);
    const before = bad.slice();
    assert.equal(cipher.open(bad), undefined);
    assert.deepEqual(bad, before);
  }
});

test("HelloCipher.open() returns undefined for every truncation and for another key", () => {
  const cipher = new HelloCipher(new Uint8Array(32).fill(5));
  const packet = sealed(cipher, new Uint8Array(20), new Uint8Array(16));
  for (let length = 0; length < packet.length; length++) {
    assert.equal(cipher.open(packet.slice(0, length)), undefined);
  }
  assert.equal(new HelloCipher(new Uint8Array(32).fill(6)).open(packet), undefined);
});

test("HelloCipher.open() survives any bytes", () => {
  const cipher = new HelloCipher(new Uint8Array(32));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    assert.equal(cipher.open(bytes), undefined);
  }));
});

test("HelloCipher.seal() writes nothing behind the packet, and throws without room or nonce", () => {
  const cipher = new HelloCipher(new Uint8Array(32));
  const memory = new Uint8Array(50);
  assert.equal(cipher.seal(memory, 10, new Uint8Array(16)), 10 + HELLO_OVERHEAD);
  assert.deepEqual(memory.slice(10 + HELLO_OVERHEAD), new Uint8Array(50 - 10 - HELLO_OVERHEAD));
  assert.throws(() => cipher.seal(memory, 27, new Uint8Array(16)), RangeError);
  assert.throws(() => cipher.seal(memory, 10, new Uint8Array(12)), RangeError);
});
