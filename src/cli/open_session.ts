/**
 * Connects to a server by the transport, and through the proxy, that the user has asked for.
 *
 * @module
 */
import { connect } from "../net/client.ts";
import type { ConnectOptions, Session } from "../net/contract.ts";
import type { ServerAddress } from "../net/url.ts";
import { Failure } from "./failure.ts";
import { parseProxy, type Proxy, proxyConnector } from "./proxy.ts";
import type { StreamWatch } from "./stream_watch.ts";

/** What can be asked for with `--transport`. */
export const TRANSPORTS = ["auto", "udp", "tcp", "tls"] as const;

/** A value of `--transport`. */
export type Transport = typeof TRANSPORTS[number];

/** Options of every command that connects. */
export interface CarrierFlags {
  /** What the packets travel on. */
  readonly transport: Transport;
  /** What stands between here and the server. */
  readonly proxy?: Proxy | undefined;
  /** The name that TLS asks for. */
  readonly sni?: string | undefined;
}

/** How to connect. */
export interface SessionWishes extends CarrierFlags {
  /** The host that is connected by, watched. */
  readonly watch: StreamWatch;
  /** How long to ask, ms. */
  readonly timeout: number;
  /** Breaks it off. */
  readonly signal: AbortSignal;
}

/**
 * Adds the proxy of the environment, where none is named, and UDP not asked for.
 *
 * @param environment The value of SOSISTAB_PROXY.
 */
export function withProxy<Flags extends CarrierFlags>(
  flags: Flags,
  environment: string | undefined,
): Flags {
  if (!environment || flags.proxy !== undefined || flags.transport === "udp") return flags;
  return { ...flags, proxy: parseProxy(environment) };
}

/** The transport that is really meant. Throws a {@linkcode Failure} for what does not go together. */
export function chooseTransport({ transport, proxy, sni }: CarrierFlags): Transport {
  if (proxy !== undefined && transport === "udp") {
    throw new Failure("usage", "a proxy carries byte streams, and no UDP", [
      { remedy: "take --transport tcp or --transport tls with it, or leave --transport out" },
    ]);
  }
  if (sni !== undefined && transport !== "tls") {
    throw new Failure("usage", "--sni is the name that TLS asks for, and this is not TLS", [
      { remedy: `add --transport tls --sni ${sni}, or leave --sni out` },
    ]);
  }
  return proxy !== undefined && transport === "auto" ? "tcp" : transport;
}

/**
 * Connects.
 *
 * @returns The session. Rejects as the library does, with a proxy's error as soon as there is one, and
 * with a {@linkcode Failure} for options that do not go together.
 */
export async function openSession(
  { hostname, port, serverKey }: ServerAddress,
  wishes: SessionWishes,
  options: Pick<ConnectOptions, "stats"> = {},
): Promise<Session> {
  const { watch, proxy, sni, timeout } = wishes;
  const protocol = chooseTransport(wishes);
  const connector = proxy && watch.connector(proxyConnector(watch.given, proxy));
  return await connect(watch.host, {
    ...options,
    hostname,
    port,
    serverKey,
    protocol,
    timeout,
    signal: AbortSignal.any([wishes.signal, watch.failed]),
    ...(connector && { connector }),
    ...(sni === undefined ? {} : { serverName: sni }),
  });
}

/** What a session travels on, as `--transport` calls it. */
export function transportName(session: Pick<Session, "stats">): Exclude<Transport, "auto"> {
  const { carrier } = session.stats();
  return carrier === "stream" ? "tcp" : carrier;
}
