/**
 * The 16 bytes that an IPv6 literal stands for (RFC 4291, section 2.2).
 *
 * @module
 */
import { isIpv4 } from "../address.ts";

const GROUPS = 8;

/**
 * Reads an IPv6 literal, without a zone.
 *
 * @returns 16 bytes, or `undefined` when the text is none.
 */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  const [head, tail] = halves.map((half, index) =>
    half === "" ? [] : groupsOf(half, index === halves.length - 1)
  );
  if (head === undefined || halves.length > 2) return undefined;
  const missing = GROUPS - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail ?? []];
  if (groups.some(Number.isNaN)) return undefined;
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** Groups of 16 bits; `NaN` where there is none. An IPv4 address at the very end stands for two. */
function groupsOf(text: string, isLast: boolean): number[] {
  const parts = text.split(":");
  return parts.flatMap((part, index) => {
    if (isLast && index === parts.length - 1 && isIpv4(part)) {
      const [a = 0, b = 0, c = 0, d = 0] = part.split(".").map(Number);
      return [a << 8 | b, c << 8 | d];
    }
    return /^[0-9A-Fa-f]{1,4}$/.test(part) ? parseInt(part, 16) : NaN;
  });
}
