import { test } from "node:test";
import assert from "node:assert/strict";
import { formatHex } from "../../src/bytes.ts";
import { asciiKey, deriveKey, hash, keyedHash } from "../../src/crypto/hash.ts";

/** The input of BLAKE3's own test vectors: 0, 1, 2, ... 250, 0, 1, ... */
function input(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

const ascii = (text: string) => new TextEncoder().encode(text);

test("hash() is BLAKE3, as its authors' test vectors have it", () => {
  assert.equal(
    formatHex(hash(input(0))),
    "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
  );
  assert.equal(
    formatHex(hash(input(1025))),
    "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
  );
});

test("keyedHash() is BLAKE3's keyed mode", () => {
  const key = ascii("whats the Elvish word for friend");
  assert.equal(
    formatHex(keyedHash(key, input(0))),
    "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
  );
});

test("deriveKey() is BLAKE3's key derivation mode", () => {
  assert.equal(
    formatHex(deriveKey("BLAKE3 2019-12-27 16:29:52 test vectors context", input(0))),
    "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d",
  );
});

test("asciiKey() fills the text up with '-' to 32 bytes", () => {
  assert.deepEqual(asciiKey("uploadtcp"), ascii("uploadtcp-----------------------"));
  assert.equal(asciiKey("x".repeat(32)).length, 32);
});

test("asciiKey() throws for a text of more than 32 characters", () => {
  assert.throws(() => asciiKey("x".repeat(33)), RangeError);
});
