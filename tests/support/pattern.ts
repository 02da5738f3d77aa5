/**
 * The bytes that interoperation tests send: any loss, repeat or exchange shows. The Rust peer makes
 * and checks the same ones.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Fills `into` with the pattern as it stands from byte `start` on: `(i * 31 + (i >> 8)) mod 251`. */
export function fillPattern(into: Uint8Array, start: number): void {
  for (let offset = 0; offset < into.length; offset++) {
    const i = start + offset;
    into[offset] = (i * 31 + Math.floor(i / 256)) % 251;
  }
}

/** The first `length` bytes of the pattern. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  fillPattern(bytes, 0);
  return bytes;
}

/** Checks patterned bytes as they come. */
export class PatternChecker {
  #bytes = 0;
  #good = true;
  readonly #hash = createHash("sha256");

  /** How many have come. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether all of them were right. */
  get good(): boolean {
    return this.#good;
  }

  /** Takes the next bytes. */
  take(bytes: Uint8Array): void {
    const expected = new Uint8Array(bytes.length);
    fillPattern(expected, this.#bytes);
    this.#good &&= bytes.every((byte, i) => byte === expected[i]);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** The SHA-256 of all that came, in hexadecimal. Ask once, at the end. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}

/** The SHA-256 of the pattern's first `length` bytes, in hexadecimal. */
export function patternSha256(length: number): string {
  return createHash("sha256").update(pattern(length)).digest("hex");
}
