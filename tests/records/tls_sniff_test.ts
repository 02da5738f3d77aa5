import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { looksLikeTls, TLS_SNIFF_LENGTH } from "../../src/records/tls_sniff.ts";

/** The first bytes of a TLS 1.2 hello of 512 bytes. */
const TLS = Uint8Array.of(0x16, 3, 1, 2, 4, 1, 0, 2, 0, 3, 3);

test("looksLikeTls() knows a TLS hello by its first 9 bytes, and by no fewer", () => {
  assert.equal(TLS_SNIFF_LENGTH, 9);
  assert.equal(looksLikeTls(TLS), true);
  for (let length = 0; length < TLS.length; length++) {
    assert.equal(looksLikeTls(TLS.subarray(0, length)), length >= TLS_SNIFF_LENGTH);
  }
});

test("looksLikeTls() wants byte 5 to be 1 and the number in bytes 6 to 8 below 10,000", () => {
  const cases: readonly (readonly [number, number, boolean])[] = [
    [1, 0, true],
    [1, 9_999, true],
    [1, 10_000, false],
    [1, 0xffffff, false],
    [0, 512, false],
    [2, 512, false],
    [0x81, 512, false],
  ];
  for (const [type, length, expected] of cases) {
    const bytes = Uint8Array.of(9, 9, 9, 9, 9, type, length >>> 16, length >>> 8, length);
    assert.equal(looksLikeTls(bytes), expected, `type ${type}, length ${length}`);
  }
});

test("looksLikeTls() looks at nothing but the bytes 5 to 8", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 9, maxLength: 30 }), (bytes) => {
    const expected = bytes[5] === 1 && bytes[6]! * 65_536 + bytes[7]! * 256 + bytes[8]! < 10_000;
    assert.equal(looksLikeTls(bytes), expected);
    bytes.set(TLS.subarray(5, 9), 5);
    assert.equal(looksLikeTls(bytes), true);
  }));
});
