/**
 * Bytes that tell their place: what is written, and what must be read.
 */

/** Byte `at` of what `salt` says. */
export function generatedByte(at: number, salt: number): number {
  const mixed = Math.imul(at ^ (at >>> 12) ^ Math.imul(salt, 0x85ebca6b), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 8 & 0xff;
}

/** The bytes from `start` on. */
export function generatedBytes(start: number, length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = generatedByte(start + i, salt);
  return bytes;
}

/** The place of the first byte that is not as it must be; -1: all are. */
export function firstWrong(bytes: Uint8Array, start: number, salt: number): number {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== generatedByte(start + i, salt)) return start + i;
  }
  return -1;
}
