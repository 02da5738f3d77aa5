/**
 * Names become addresses, as the system's own resolver sees it: hosts file, search domains and all.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { SosistabError } from "../errors.ts";

/**
 * Finds the addresses of a host name. An IP literal resolves to itself.
 *
 * @returns IP literals, at least one, best first. Rejects with the {@linkcode SosistabError}
 * `name-not-found` when there is none, or `permission-denied` where Deno was not given
 * `--allow-net`.
 */
export async function resolve(hostname: string): Promise<readonly string[]> {
  if (isIP(hostname) !== 0) return [hostname];
  // Node looks the empty name up with a warning on the console.
  const found = hostname === "" ? [] : await lookupAll(hostname);
  if (found.length === 0) throw nameNotFound(hostname);
  return found.map(({ address }) => address);
}

async function lookupAll(hostname: string): Promise<readonly { readonly address: string }[]> {
  try {
    // Verbatim is the order of RFC 6724, by which the system knows which family works here.
    return await lookup(hostname, { all: true, verbatim: true });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EPERM") {
      throw new SosistabError("permission-denied", `not allowed to look up ${hostname}`, { cause });
    }
    throw nameNotFound(hostname, cause);
  }
}

function nameNotFound(hostname: string, cause?: unknown): SosistabError {
  return new SosistabError("name-not-found", `no address found for "${hostname}"`, { cause });
}
