import { test } from "node:test";
import assert from "node:assert/strict";
import { chacha20, chacha8 } from "@noble/ciphers/chacha.js";
import { poly1305 } from "@noble/ciphers/_poly1305.js";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import { createCipherKernel, WasmCipherKernel } from "../../src/kernels/cipher_kernel.ts";
import { type CipherKernel, MOST_ENCRYPTED, WORK_LENGTH } from "../../src/kernels/cipher_work.ts";
import { PlainCipherKernel } from "../../src/kernels/plain_cipher_kernel.ts";
import { parseHex } from "../support/vectors.ts";

const wasm = WasmCipherKernel.create();
assert.ok(wasm, "each runtime that is tested has WebAssembly with vectors");
const KERNELS: readonly (readonly [string, CipherKernel])[] = [
  ["WasmCipherKernel", wasm],
  ["PlainCipherKernel", new PlainCipherKernel()],
];

/** Bytes at the edges of limbs are as likely as any others. */
const edgy = (length: number) =>
  fc.oneof(
    fc.uint8Array({ minLength: length, maxLength: length }),
    fc.array(fc.constantFrom(0x00, 0x01, 0x03, 0xfb, 0xfc, 0xff), {
      minLength: length,
      maxLength: length,
    }).map((bytes) => Uint8Array.from(bytes)),
  );

test("createCipherKernel() gives the fastest that the platform can run", () => {
  assert.ok(createCipherKernel() instanceof WasmCipherKernel);
});

for (const [name, kernel] of KERNELS) {
  test(`${name}.encrypt() gives the key stream of RFC 8439, section 2.4.2`, () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => i);
    const text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for " +
      "the future, sunscreen would be it.";
    const plaintext = new TextEncoder().encode(text);
    kernel.work.set(plaintext);
    kernel.encrypt(key, parseHex("000000000000004a00000000"), 1, plaintext.length, 20);
    assert.equal(
      formatHex(kernel.work.subarray(0, plaintext.length)),
      "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b" +
        "f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8" +
        "07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736" +
        "5af90bbf74a35be6b40b8eedf2785e42874d",
    );
  });

  test(`${name}.encrypt() gives what another implementation gives, at any length and counter`, () => {
    fc.assert(fc.property(
      edgy(32),
      edgy(12),
      fc.oneof(fc.nat({ max: 1000 }), fc.constantFrom(2 ** 31 - 2, 2 ** 32 - 40)),
      fc.oneof(fc.nat({ max: 600 }), fc.constantFrom(1400, 2048)),
      fc.constantFrom(8 as const, 20 as const),
      (key, nonce, counter, length, rounds) => {
        const plaintext = Uint8Array.from({ length }, (_, i) => i * 7);
        kernel.work.set(plaintext);
        kernel.encrypt(key, nonce, counter, length, rounds);
        const cipher = rounds === 8 ? chacha8 : chacha20;
        const expected = cipher(key, nonce, plaintext, undefined, counter);
        assert.deepEqual(kernel.work.slice(0, length), expected);
      },
    ));
  });

  test(`${name}.authenticate() gives the tags of RFC 8439, section 2.5.2 and appendix A.3`, () => {
    const vectors: readonly (readonly [string, string, string])[] = [
      // A key whose r is 2: the sum must be reduced once more at the end.
      ["02".padEnd(64, "0"), "ff".repeat(16), "03".padEnd(32, "0")],
      ["02".padEnd(32, "0") + "ff".repeat(16), "02".padEnd(32, "0"), "03".padEnd(32, "0")],
      [
        "01".padEnd(64, "0"),
        `${"ff".repeat(16)}f0${"ff".repeat(15)}${"11".padEnd(32, "0")}`,
        "05".padEnd(32, "0"),
      ],
      [
        "01".padEnd(64, "0"),
        `${"ff".repeat(16)}fb${"fe".repeat(15)}${"01".repeat(16)}`,
        "00".repeat(16),
      ],
      ["02".padEnd(64, "0"), `fd${"ff".repeat(15)}`, `fa${"ff".repeat(15)}`],
    ];
    for (const [key, message, expected] of vectors) {
      assert.equal(formatHex(tagOf(kernel, parseHex(key), parseHex(message))), expected);
    }
  });

  test(`${name}.authenticate() gives what another implementation gives, at the edges of limbs`, () => {
    const message = fc.integer({ min: 1, max: 100 }).chain((blocks) => edgy(16 * blocks));
    fc.assert(
      fc.property(edgy(32), message, (key, message) => {
        assert.deepEqual(tagOf(kernel, key, message), poly1305(message, key));
      }),
      { numRuns: 500 },
    );
  });

  test(`${name} fills its work space and throws beyond it`, () => {
    const [key, nonce, tag] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(16)];
    assert.equal(kernel.work.length, WORK_LENGTH);
    kernel.work.fill(0);
    kernel.encrypt(key, nonce, 0, MOST_ENCRYPTED, 8);
    const expected = chacha8(key, nonce, new Uint8Array(MOST_ENCRYPTED));
    assert.deepEqual(kernel.work.slice(0, MOST_ENCRYPTED), expected);
    assert.throws(() => kernel.encrypt(key, nonce, 0, MOST_ENCRYPTED + 1, 8), RangeError);
    kernel.authenticate(0, WORK_LENGTH - 16, 16, tag);
    assert.throws(() => kernel.authenticate(0, WORK_LENGTH - 16, 32, tag), RangeError);
    assert.throws(() => kernel.authenticate(0, 64, 0, tag), RangeError);
    assert.throws(() => kernel.authenticate(0, 64, 20, tag), RangeError);
  });
}

test("WasmCipherKernel keeps no key behind a run", () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => 200 + i % 50);
  wasm.encrypt(key, new Uint8Array(12), 0, 64, 20);
  const memory = new Uint8Array(wasm.work.buffer);
  const hex = formatHex(memory.subarray(0, wasm.work.byteOffset));
  assert.ok(!hex.includes(formatHex(key.subarray(0, 8))));
});

function tagOf(kernel: CipherKernel, key: Uint8Array, message: Uint8Array): Uint8Array {
  const tag = new Uint8Array(16);
  kernel.work.set(key, 0);
  kernel.work.set(message, 64);
  kernel.authenticate(0, 64, message.length, tag);
  return tag;
}
