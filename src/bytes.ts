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

/** The bytes as lower-case hexadecimal: a key for maps. */
export function formatHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

const HEX: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).padStart(2, "0"),
);
