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
import {
  checkHostname,
  checkKey,
  checkKeyLimits,
  checkPort,
  checkRepair,
  checkSessionLimits,
  checkShards,
  checkTime,
  IDLE_TIMEOUT,
} from "./options.ts";

// Tuning.

/** How long to ask for an answer, ms. */
const TIMEOUT = 30_000;

const PROTOCOLS: readonly string[] = ["udp", "tcp", "tls", "auto"];

/** Addresses of a name that are tried: both families, and one that may be down in each. */
const MOST_ADDRESSES = 4;

/**
 * Connects to a server.
 *
 * A round trip may take ten seconds over UDP, and two over byte streams, which take three to open.
 *
 * @param host The world to run in.
 * @returns The session, as soon as the server has proved that it has the secret key. Rejects with
 * `no-answer`, `name-not-found`, `proxy-login-refused`, `proxy-refused`, a socket's error, or the
 * reason of the signal.
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
  checkProtocol(options);
  checkShards(options.shards ?? 1);
  checkKeyLimits(options.keyLimits ?? {});
  checkSessionLimits("limits", options.limits);
  if (options.resetInterval !== undefined) checkTime("resetInterval", options.resetInterval);
  signal?.throwIfAborted();
  const isProxied = options.connector !== undefined;
  // A proxy finds names by itself, and should: asking for them here would tell where we go.
  const ips = isProxied ? [hostname] : await host.resolve(hostname);
  signal?.throwIfAborted();
  const addresses = ips.slice(0, MOST_ADDRESSES).map((ip) => ({ hostname: ip, port }));
  const end = new ClientEnd(host, { ...options, timeout, idleTimeout }, addresses);
  return await end.connect();
}

/** What is to carry the datagrams must be possible. */
function checkProtocol({ protocol = "udp", connector, serverName }: ConnectOptions): void {
  if (!PROTOCOLS.includes(protocol)) {
    throw new RangeError(`protocol must be one of ${PROTOCOLS.join(", ")}, got ${protocol}`);
  }
  if (connector !== undefined && (protocol === "udp" || protocol === "auto")) {
    throw new TypeError('a connector opens byte streams: protocol must be "tcp" or "tls"');
  }
  if (serverName !== undefined && protocol !== "tls") {
    throw new TypeError('serverName is for TLS: protocol must be "tls"');
  }
}
