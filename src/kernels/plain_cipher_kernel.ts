/**
 * ChaCha and Poly1305 in JavaScript, for where there is no WebAssembly.
 *
 * @module
 */
import { chacha20, chacha8 } from "@noble/ciphers/chacha.js";
import { poly1305 } from "@noble/ciphers/_poly1305.js";
import {
  checkLength,
  checkRange,
  type CipherKernel,
  type Rounds,
  WORK_LENGTH,
} from "./cipher_work.ts";

/** A {@linkcode CipherKernel} that runs everywhere. */
export class PlainCipherKernel implements CipherKernel {
  readonly work: Uint8Array = new Uint8Array(WORK_LENGTH);

  encrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    counter: number,
    length: number,
    rounds: Rounds,
  ): void {
    checkLength(length);
    const bytes = this.work.subarray(0, length);
    const cipher = rounds === 8 ? chacha8 : chacha20;
    cipher(key, nonce, bytes, bytes, counter);
  }

  authenticate(keyAt: number, at: number, length: number, tag: Uint8Array): void {
    checkRange(at, length);
    poly1305.create(this.work.subarray(keyAt, keyAt + 32))
      .update(this.work.subarray(at, at + length))
      .digestInto(tag);
  }
}
