import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import { SessionCipher } from "../../src/crypto/aead.ts";
import { clientToServerKey, serverToClientKey } from "../../src/crypto/cookie.ts";
import { deriveStreamKeys } from "../../src/crypto/keys.ts";
import {
  answerCipher,
  helloCipher,
  LENGTH_BOX,
  MAX_OPENING_LENGTH,
  openHelloLength,
  OPENING_NONCES,
  OPENING_OVERHEAD,
  openLengthBox,
  sealOpening,
} from "../../src/records/opening.ts";
import { parseHex, vectors } from "../support/vectors.ts";

const CIPHER = new SessionCipher(new Uint8Array(32).fill(3));
const NONCES = Uint8Array.from({ length: OPENING_NONCES }, (_, i) => i);

/** The nonces stand at the end of each box. */
function noncesOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array([...bytes.subarray(LENGTH_BOX - 12, LENGTH_BOX), ...bytes.subarray(-12)]);
}

/** Opens both boxes, and wants nothing behind them. */
function opened(cipher: SessionCipher, bytes: Uint8Array): Uint8Array | undefined {
  const length = openLengthBox(cipher, bytes.slice(0, LENGTH_BOX));
  assert.equal(length, bytes.length - LENGTH_BOX);
  return cipher.open(bytes.slice(LENGTH_BOX));
}

test("helloCipher() and answerCipher() open and seal the original's messages", () => {
  for (const vector of vectors.tcpOpening) {
    const publicKey = parseHex(vector.serverPublicKey);
    const { epochMinute } = vector;
    const messages = [
      [helloCipher(publicKey, epochMinute), vector.helloPlaintext, vector.helloBytes],
      [answerCipher(publicKey, epochMinute), vector.replyPlaintext, vector.replyBytes],
    ] as const;
    for (const [cipher, plaintext, hex] of messages) {
      const bytes = parseHex(hex);
      assert.deepEqual(opened(cipher, bytes), parseHex(plaintext));
      assert.equal(formatHex(sealOpening(cipher, parseHex(plaintext), noncesOf(bytes))), hex);
    }
  }
});

test("the keys of the opening are the original's", () => {
  for (const { serverPublicKey, epochMinute, upKey, downKey } of vectors.tcpOpening) {
    const publicKey = parseHex(serverPublicKey);
    const hello = deriveStreamKeys(clientToServerKey(publicKey, epochMinute));
    const answer = deriveStreamKeys(serverToClientKey(publicKey, epochMinute));
    assert.equal(formatHex(hello.upload), upKey);
    assert.equal(formatHex(answer.download), downKey);
  }
});

test("openHelloLength() opens hellos of five minutes, tells which, and leaves the box as it was", () => {
  for (const { serverPublicKey, epochMinute, helloBytes, helloPlaintext } of vectors.tcpOpening) {
    const publicKey = parseHex(serverPublicKey);
    const cipherAt = (minute: number) => helloCipher(publicKey, minute);
    const bytes = parseHex(helloBytes);
    const box = bytes.slice(0, LENGTH_BOX);
    for (let minute = epochMinute - 2; minute <= epochMinute + 2; minute++) {
      const hello = openHelloLength(cipherAt, box, minute);
      assert.equal(hello?.minute, epochMinute);
      assert.equal(hello?.length, bytes.length - LENGTH_BOX);
      assert.deepEqual(hello?.cipher.open(bytes.slice(LENGTH_BOX)), parseHex(helloPlaintext));
    }
    assert.equal(openHelloLength(cipherAt, box, epochMinute - 3), undefined);
    assert.equal(openHelloLength(cipherAt, box, epochMinute + 3), undefined);
    assert.deepEqual(box, bytes.slice(0, LENGTH_BOX));
  }
});

test("sealOpening() adds OPENING_OVERHEAD to a message, which opens again", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (message) => {
    const bytes = sealOpening(CIPHER, message, NONCES);
    assert.equal(bytes.length, message.length + OPENING_OVERHEAD);
    assert.deepEqual(opened(CIPHER, bytes), message);
  }));
});

test("sealOpening() takes messages up to MAX_OPENING_LENGTH, and throws above", () => {
  const longest = new Uint8Array(MAX_OPENING_LENGTH).fill(1);
  assert.deepEqual(opened(CIPHER, sealOpening(CIPHER, longest, NONCES)), longest);
  const longer = new Uint8Array(MAX_OPENING_LENGTH + 1);
  assert.throws(() => sealOpening(CIPHER, longer, NONCES), RangeError);
  assert.throws(() => sealOpening(CIPHER, longest, NONCES.subarray(1)), RangeError);
});

test("openLengthBox() returns undefined for a box that does not open, or of another length", () => {
  const box = sealOpening(CIPHER, new Uint8Array(10), NONCES).slice(0, LENGTH_BOX);
  for (let at = 0; at < LENGTH_BOX; at++) {
    assert.equal(
      openLengthBox(CIPHER, box.map((byte, i) => i === at ? byte ^ 1 : byte)),
      undefined,
    );
    assert.equal(openLengthBox(CIPHER, box.slice(0, at)), undefined);
  }
  const longer = new Uint8Array(LENGTH_BOX + 1).fill(1);
  CIPHER.seal(longer, 3, new Uint8Array(12));
  assert.equal(openLengthBox(CIPHER, longer), undefined);
  assert.equal(openLengthBox(CIPHER, box), 10 + 28);
});

test("openLengthBox() returns undefined when the second box could hold nothing", () => {
  for (const [length, expected] of [[27, undefined], [28, 28], [0xffff, 0xffff]] as const) {
    const box = new Uint8Array(LENGTH_BOX);
    box.set([length >>> 8, length & 0xff]);
    CIPHER.seal(box, 2, new Uint8Array(12));
    assert.equal(openLengthBox(CIPHER, box), expected);
  }
});
