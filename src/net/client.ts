/**
 * The client's way to a session.
 *
 * A name may have several addresses: hellos go to the first few of them at once, through one socket
 * for each family, and the first true answer decides. The session then lives on the socket that the
 * answer came to; the others are closed.
 *
 * @module
 */
import type { Host } from "../host.ts";
import { ClientEnd } from "./client_end.ts";
import type { ConnectOptions, Session } from "./contract.ts";
import { checkHostname, checkKey, checkPort, checkRepair, checkTime } from "./options.ts";
import { openUdpLinks } from "./udp_links.ts";

// Tuning.

/** How long to ask for an answer, ms. */
const TIMEOUT = 30_000;

/** How long a session may be silent, ms. */
const IDLE_TIMEOUT = 600_000;

/** Addresses of a name that are tried: both families, and one that may be down in each. */
const MOST_ADDRESSES = 4;

/**
 * Connects to a server.
 *
 * @param host The world to run in.
 * @returns The session, as soon as the server has proved that it has the secret key. Rejects with
 * `no-answer`, `name-not-found`, a socket's error, or the reason of the signal.
 */
export async function connect(host: Host, options: ConnectOptions): Promise<Session> {
  const { hostname, port, serverKey, signal } = options;
  const { timeout = TIMEOUT, idleTimeout = IDLE_TIMEOUT } = options;
  checkHostname(hostname);
  checkPort(port, 1);
  checkKey("serverKey", serverKey);
  checkTime("timeout", timeout);
  checkTime("idleTimeout", idleTimeout);
  checkRepair(options.repair);
  signal?.throwIfAborted();
  const addresses = await host.resolve(hostname);
  signal?.throwIfAborted();
  const end = new ClientEnd(host, { ...options, timeout, idleTimeout });
  const targets = addresses.slice(0, MOST_ADDRESSES).map((ip) => ({ hostname: ip, port }));
  return await end.connect(await openUdpLinks(host, targets, end));
}
