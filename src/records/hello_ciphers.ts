/**
 * The ciphers that open clients' hellos, kept from minute to minute so that a stranger's noise
 * derives no keys.
 *
 * @module
 */
import type { SessionCipher } from "../crypto/aead.ts";
import { helloCipher } from "./opening.ts";

// Tuning.

/** Ciphers kept: the five of one minute, and those that the next two minutes will ask for. */
const MAX_CIPHERS = 8;

/** The ciphers of one server. */
export class HelloCiphers {
  readonly #publicKey: Uint8Array;
  readonly #ciphers = new Map<number, SessionCipher>();

  /** @param publicKey The server's, 32 bytes. */
  constructor(publicKey: Uint8Array) {
    this.#publicKey = publicKey;
  }

  /** The cipher of one minute. */
  at(minute: number): SessionCipher {
    const known = this.#ciphers.get(minute);
    if (known !== undefined) return known;
    const cipher = helloCipher(this.#publicKey, minute);
    const [oldest] = this.#ciphers.keys();
    if (this.#ciphers.size >= MAX_CIPHERS && oldest !== undefined) this.#ciphers.delete(oldest);
    this.#ciphers.set(minute, cipher);
    return cipher;
  }
}
