/**
 * Makes a connection begin with letters that can be printed.
 *
 * A first payload of nothing but noise is what the Great Firewall of China blocks, since 2021, on some
 * networks and for a part of the connections; one whose first six bytes are printable ASCII it lets
 * pass (Wu et al., "How the Great Firewall of China Detects and Blocks Fully Encrypted Traffic",
 * USENIX Security 2023, rule Ex2). What stands there is ciphertext and tag of a box whose nonce the
 * sender chooses. So it tries nonces until the box begins well: (256 / 95)^6 = 383 on average, each as
 * random as the first one was. Any reader of the wire takes the outcome.
 *
 * To choose takes nine bits off a nonce of 96. So among a million connections to one server in one
 * minute, which share a key, two have the same with a chance of 2^-48. Then somebody without that key
 * learns the difference of two lengths; and whoever has it, which is made of the server's public key,
 * reads all of this anyway.
 *
 * @module
 */
import type { SessionCipher } from "../crypto/aead.ts";
import type { Random } from "../random.ts";
import { LENGTH_BOX, sealLengthBox } from "./opening.ts";

// Tuning.

/** Bytes that must be printable, and what is. */
const LETTERS = 6;
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;

/**
 * Nonces that are tried at the most: 1 of 44,000 connections goes out as it is. A box takes one or two
 * microseconds, and fourteen without WebAssembly.
 */
const MOST_TRIES = 4_096;

/**
 * Puts another nonce in the place of one, under which the first box of a message begins with
 * printable letters; or leaves any, when none of those that were drawn does.
 *
 * @param nonce A random one; it is tried first.
 */
export function drawPrintable(
  cipher: SessionCipher,
  messageLength: number,
  nonce: Uint8Array,
  random: Random,
): void {
  const box = new Uint8Array(LENGTH_BOX);
  for (let tries = 1;; tries++) {
    sealLengthBox(cipher, messageLength, nonce, box);
    if (beginsPrintable(box) || tries === MOST_TRIES) return;
    random.fill(nonce);
  }
}

/** Whether the first letters of a connection are printable ASCII. */
export function beginsPrintable(bytes: Uint8Array): boolean {
  const letters = bytes.subarray(0, LETTERS);
  return letters.length === LETTERS &&
    letters.every((byte) => byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE);
}
