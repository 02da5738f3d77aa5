/**
 * How others reach this machine, as far as it can tell itself.
 *
 * @module
 */
import { networkInterfaces } from "node:os";
import { type Address, isIpv6, normalizeHostname } from "../address.ts";

/** An address of the machine. */
export interface OwnAddress {
  /** An IP literal. */
  readonly address: string;
  /** Whether only this machine can use it. */
  readonly internal: boolean;
}

/** Addresses that stand for all addresses. */
const ANY: readonly string[] = ["", "0.0.0.0", "::"];

/**
 * The host that others should name.
 *
 * @param given What the user said with `--host`.
 * @param listening Where the listener is bound.
 */
export function advertisedHost(
  given: string | undefined,
  listening: Address,
  own: readonly OwnAddress[] = ownAddresses(),
): string {
  if (given !== undefined) return given;
  const bound = normalizeHostname(listening.hostname);
  if (!ANY.includes(bound)) return bound;
  const reachable = own.filter(({ address, internal }) => !internal && !isLinkLocal(address));
  const best = reachable.find(({ address }) => !isIpv6(address)) ?? reachable[0];
  return best?.address ?? "127.0.0.1";
}

function ownAddresses(): OwnAddress[] {
  return Object.values(networkInterfaces()).flatMap((found) => found ?? []);
}

/** Such an address means another machine on each network. */
function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || /^fe[89ab]/i.test(address);
}
