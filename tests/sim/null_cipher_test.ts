import { test } from "node:test";
import assert from "node:assert/strict";
import { SESSION_OVERHEAD } from "../../src/crypto/aead.ts";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import { NullCipher } from "../../src/sim/null_cipher.ts";
import { seededSource } from "../support/seeded_random.ts";

const random = seededSource(4);

function draw(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random(bytes);
  return bytes;
}

/** Seals a plaintext. */
function seal(cipher: NullCipher, plaintext: Uint8Array): Uint8Array {
  const packet = new Uint8Array(plaintext.length + SESSION_OVERHEAD);
  packet.set(plaintext);
  assert.equal(cipher.seal(packet, plaintext.length, draw(12)), packet.length);
  return packet;
}

test("NullCipher opens what it has sealed, and adds as many bytes as the true cipher", () => {
  const cipher = new NullCipher(draw(32));
  for (const length of [0, 1, 3, 4, 63, 64, 1_300]) {
    const plaintext = draw(length);
    assert.deepEqual(cipher.open(seal(cipher, plaintext)), plaintext);
  }
});

test("NullCipher encrypts nothing", () => {
  const plaintext = draw(100);
  assert.deepEqual(seal(new NullCipher(draw(32)), plaintext).subarray(0, 100), plaintext);
});

test("NullCipher does not open a packet of which any bit was turned over, and leaves it as it is", () => {
  const cipher = new NullCipher(draw(32));
  const packet = seal(cipher, draw(39));
  for (let bit = 0; bit < packet.length * 8; bit++) {
    const damaged = packet.slice();
    damaged[bit >>> 3]! ^= 1 << (bit & 7);
    const before = damaged.slice();
    assert.equal(cipher.open(damaged), undefined, `bit ${bit}`);
    assert.deepEqual(damaged, before);
  }
});

test("NullCipher does not open what is too short, or was sealed under another key", () => {
  const [mine, theirs] = [new NullCipher(draw(32)), new NullCipher(draw(32))];
  assert.equal(mine.open(draw(27)), undefined);
  assert.equal(mine.open(draw(0)), undefined);
  for (let i = 0; i < 100; i++) {
    assert.equal(mine.open(seal(theirs, draw(50))), undefined);
    assert.equal(mine.open(draw(50)), undefined);
  }
});

test('a node has the null cipher only where the network was told `crypto: "none"`', () => {
  assert.equal(simulatedNetwork().addNode("a").createCipher, undefined);
  assert.equal(simulatedNetwork({ crypto: "real" }).addNode("a").createCipher, undefined);
  const cipher = simulatedNetwork({ crypto: "none" }).addNode("a").createCipher?.(draw(32));
  assert.ok(cipher instanceof NullCipher);
});
