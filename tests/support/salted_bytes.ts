/**
 * Bytes that tell their place in a stream, and the stream.
 */

/** Byte `at` of the stream named by `salt`. */
export function saltedByte(at: number, salt: number): number {
  return (at * 31 + (at >> 8) * 7 + (at >> 16) * 3 + salt * 101) & 0xff;
}

/** The bytes from `start` on. */
export function saltedBytes(start: number, length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = saltedByte(start + i, salt);
  return bytes;
}
