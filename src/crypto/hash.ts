/**
 * BLAKE3 in its three modes. Source: the sosistab wire, version 3, notation; the BLAKE3 paper.
 *
 * @module
 */
import { blake3 } from "@noble/hashes/blake3.js";

// Protocol constants: changing one breaks interoperation.

const KEY_LENGTH = 32;
const FILLER = "-";

/** The 32-byte hash of a message. */
export function hash(message: Uint8Array): Uint8Array {
  return blake3(message);
}

/**
 * The 32-byte keyed hash of a message: a MAC, or a key made from a key.
 *
 * @param key 32 bytes.
 */
export function keyedHash(key: Uint8Array, message: Uint8Array): Uint8Array {
  return blake3(message, { key });
}

/**
 * Derives 32 bytes for one purpose.
 *
 * @param context Names the purpose, in ASCII.
 * @param material The secret that is derived from.
 */
export function deriveKey(context: string, material: Uint8Array): Uint8Array {
  return blake3(material, { context: asciiBytes(context) });
}

/**
 * A key that is no secret but a name: the text in ASCII, filled up with "-" to 32 bytes.
 *
 * @param text At most 32 characters.
 */
export function asciiKey(text: string): Uint8Array {
  if (text.length > KEY_LENGTH) {
    throw new RangeError(`an ASCII key has at most ${KEY_LENGTH} characters, got ${text.length}`);
  }
  return asciiBytes(text.padEnd(KEY_LENGTH, FILLER));
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
