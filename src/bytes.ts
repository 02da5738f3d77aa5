/**
 * The few things that are done with byte arrays everywhere.
 *
 * @module
 */

/**
 * Whether two arrays hold the same bytes, in a time that depends on the length alone: so a
 * comparison of secrets tells nothing by how long it takes.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** All bytes of the parts, one behind the other. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The bytes as lower-case hexadecimal: a key for maps. */
export function formatHex(bytes: Uint8Array): string {
  // Not by adding: a key that is kept would keep each of its beginnings.
  return Array.from(bytes, (byte) => HEX[byte]).join("");
}

const HEX: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).padStart(2, "0"),
);
