/**
 * Addresses of sockets, as text that people type and as values that compare.
 *
 * @module
 */

/** Where a socket is. */
export interface Address {
  /** An IP literal without brackets; where the doc says so, a host name. */
  readonly hostname: string;
  /** 0 to 65,535. */
  readonly port: number;
}

/**
 * Makes one spelling out of the several that a platform has for one address: an IPv4 address that
 * arrived on an IPv6 socket (`::ffff:192.0.2.1`) becomes plain IPv4.
 */
export function normalizeHostname(hostname: string): string {
  return hostname.startsWith("::ffff:") && hostname.includes(".") ? hostname.slice(7) : hostname;
}

/** Whether the text is an IPv6 literal, and not a name or an IPv4 one. */
export function isIpv6(hostname: string): boolean {
  return hostname.includes(":");
}

/** Whether the text is an IPv4 literal in its ordinary spelling. */
export function isIpv4(hostname: string): boolean {
  const parts = hostname.split(".");
  return parts.length === 4 &&
    parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

/** Writes an address as `1.2.3.4:80` or `[::1]:80`: equal text, equal address. */
export function formatAddress({ hostname, port }: Address): string {
  return isIpv6(hostname) ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/**
 * Reads `1.2.3.4:80`, `[::1]:80`, `name:80`, `:80` or `80`. Without a host the hostname is `""`.
 *
 * @param text What a person typed.
 * @param defaultPort Taken where the text names a host only; without it a port is required.
 * @returns The address, or `undefined` when the text is none.
 */
export function parseAddress(text: string, defaultPort?: number): Address | undefined {
  const match = /^(?:(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]*):)?([0-9]{1,5})$/.exec(text);
  if (match) {
    const hostname = (match[1] ?? "").replace(/^\[|\]$/g, "");
    const port = Number(match[2]);
    return port <= 65_535 ? { hostname, port } : undefined;
  }
  if (defaultPort === undefined) return undefined;
  const host =
    /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:\[\]]+)|([0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.%]*))$/
      .exec(text);
  const hostname = host?.[1] ?? host?.[2] ?? host?.[3];
  return hostname ? { hostname, port: defaultPort } : undefined;
}
