import { test } from "node:test";
import assert from "node:assert/strict";
import { SessionCipher } from "../../src/crypto/aead.ts";
import { LENGTH_BOX, openLengthBox, sealLengthBox } from "../../src/records/opening.ts";
import { beginsPrintable, drawPrintable } from "../../src/records/printable_nonce.ts";
import { Random, type RandomSource } from "../../src/random.ts";
import { seededSource } from "../support/seeded_random.ts";

const CIPHER = new SessionCipher(new Uint8Array(32).fill(3));

/** Draws a nonce; tells it, and after how many tries. */
function draw(messageLength: number, source: RandomSource): { nonce: Uint8Array; tries: number } {
  const random = new Random(source);
  const nonce = new Uint8Array(12);
  random.fill(nonce);
  let tries = 1;
  const fill = random.fill.bind(random);
  random.fill = (into) => {
    tries++;
    fill(into);
  };
  drawPrintable(CIPHER, messageLength, nonce, random);
  return { nonce, tries };
}

test("drawPrintable() makes openings of any length begin with six printable letters", (context) => {
  let sum = 0;
  const nonces = new Set<string>();
  const [seeds, box] = [300, new Uint8Array(LENGTH_BOX)];
  for (let seed = 0; seed < seeds; seed++) {
    const { nonce, tries } = draw(76 + 3 * seed, seededSource(seed));
    sealLengthBox(CIPHER, 76 + 3 * seed, nonce, box);
    assert.ok(beginsPrintable(box), `seed ${seed}`);
    assert.equal(openLengthBox(CIPHER, box), 76 + 3 * seed + 28);
    nonces.add(String(nonce));
    sum += tries;
  }
  context.diagnostic(`${(sum / seeds).toFixed(0)} tries on average`);
  // 383 are expected; the mean of 300 lies within four of its deviations.
  assert.ok(Math.abs(sum / seeds - 383) < 4 * 383 / Math.sqrt(seeds), String(sum / seeds));
  assert.equal(nonces.size, seeds);
});

test("drawPrintable() leaves a nonce with which the box begins well already", () => {
  const { nonce } = draw(100, seededSource(1));
  const kept = nonce.slice();
  drawPrintable(CIPHER, 100, nonce, new Random(() => assert.fail("nothing is to be drawn")));
  assert.deepEqual(nonce, kept);
});

test("drawPrintable() gives up after 4,096 tries, when chance gives nothing", () => {
  const { tries } = draw(100, (into) => void into.fill(9));
  assert.equal(tries, 4_096);
});

test("beginsPrintable() wants six bytes from 0x20 to 0x7e, and looks at no others", () => {
  const good = [0x20, 0x7e, 0x41, 0x5a, 0x30, 0x7a];
  assert.ok(beginsPrintable(Uint8Array.from(good)));
  assert.ok(beginsPrintable(Uint8Array.from([...good, 0x00, 0xff])));
  assert.ok(!beginsPrintable(Uint8Array.from(good.slice(0, 5))));
  for (let at = 0; at < 6; at++) {
    for (const byte of [0x00, 0x1f, 0x7f, 0xff]) {
      assert.ok(!beginsPrintable(Uint8Array.from(good.with(at, byte))));
    }
  }
});
