/**
 * Keys as text: lower-case base32 (RFC 4648) without padding, 52 characters for 32 bytes.
 *
 * @module
 */

// Protocol constants.

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const KEY_LENGTH = 32;
const TEXT_LENGTH = 52;

/** Writes a key. */
export function formatKey(key: Uint8Array): string {
  if (key.length !== KEY_LENGTH) {
    throw new RangeError(`a key is ${KEY_LENGTH} bytes, got ${key.length}`);
  }
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of key) {
    bits = (bits << 8 | byte) & 0xfff;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text += ALPHABET[bits >>> held & 31];
    }
  }
  return text + ALPHABET[bits << (5 - held) & 31];
}

/** Reads a key; `undefined` when the text is none. Upper case is taken too. */
export function parseKey(text: string): Uint8Array | undefined {
  if (text.length !== TEXT_LENGTH) return undefined;
  const key = new Uint8Array(KEY_LENGTH);
  let at = 0;
  let bits = 0;
  let held = 0;
  for (const character of text.toLowerCase()) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return undefined;
    bits = (bits << 5 | value) & 0xfff;
    held += 5;
    if (held >= 8) {
      held -= 8;
      key[at++] = bits >>> held;
    }
  }
  // 52 characters hold 260 bits: the last four must say nothing.
  return (bits & 15) === 0 ? key : undefined;
}
