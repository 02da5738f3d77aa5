/**
 * Which network an address is of, so that one who has many addresses in it counts once.
 *
 * @module
 */
import { isIpv6, normalizeHostname } from "../address.ts";
import { formatHex } from "../bytes.ts";
import { parseIpv6 } from "./ipv6_bytes.ts";

// Tuning.

/** Bytes that name an IPv6 network: a /48 is what a provider gives to one customer at the most. */
const IPV6_NETWORK = 6;

/**
 * The network of an address: a /24 of IPv4 or a /48 of IPv6.
 *
 * @param hostname An IP literal.
 * @returns Equal text, equal network.
 */
export function networkOf(hostname: string): string {
  const literal = normalizeHostname(hostname);
  if (!isIpv6(literal)) return literal.slice(0, literal.lastIndexOf("."));
  const [address = "", ...zone] = literal.split("%");
  const bytes = parseIpv6(address);
  return bytes === undefined
    ? literal
    : [formatHex(bytes.subarray(0, IPV6_NETWORK)), ...zone].join("%");
}
