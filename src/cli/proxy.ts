/**
 * A proxy, as people write it: `socks5://user:password@host:1080`.
 *
 * What stands before the `@` is secret, and appears in no message.
 *
 * @module
 */
import { type Address, parseAddress } from "../address.ts";
import type { Host } from "../host.ts";
import type { Connector } from "../transport/connector.ts";
import { httpConnector } from "../transport/http_connector.ts";
import type { ProxyOptions } from "../transport/proxy_dialogue.ts";
import { socks5Connector } from "../transport/socks5_connector.ts";
import { Failure } from "./failure.ts";

/** How to speak to a proxy. */
export type ProxyKind = "socks5" | "http";

/** A proxy, and who wants to use it. */
export interface Proxy extends ProxyOptions {
  /** What it speaks. */
  readonly kind: ProxyKind;
}

/**
 * What a URL may begin with. Proxies look names up themselves, as programs mean that tell `socks5h`
 * from `socks5`.
 */
const KINDS: Readonly<Record<string, ProxyKind>> = {
  socks5: "socks5",
  socks5h: "socks5",
  http: "http",
};

/** Ports when none is named: that of RFC 1928, and that of every URL of HTTP. */
const DEFAULT_PORTS: Readonly<Record<ProxyKind, number>> = { socks5: 1080, http: 80 };

const EXAMPLE =
  "write socks5://HOST:PORT or http://HOST:PORT, with USER:PASSWORD@ before HOST where it takes a login";

/** Reads `--proxy URL`. Throws a {@linkcode Failure} of the kind `usage` for what is none. */
export function parseProxy(text: string): Proxy {
  const match = /^([a-z0-9]+):\/\/(?:([^@/]*)@)?([^@/]+)\/?$/i.exec(text.trim());
  const kind = KINDS[match?.[1]?.toLowerCase() ?? ""];
  const address = kind && parseAddress(match?.[3] ?? "", DEFAULT_PORTS[kind]);
  if (match === null) throw badProxy("it does not look like a URL");
  if (kind === undefined) throw badProxy(`${match[1]} is no kind of proxy that is known here`);
  if (!isReachable(address)) throw badProxy("it names no host, or no port from 1 to 65535");
  const login = match[2] === undefined ? {} : parseLogin(match[2]);
  return { kind, ...address, ...login };
}

/** Makes a connector of a proxy. Throws a {@linkcode Failure} for a login that it cannot be told. */
export function proxyConnector(host: Host, { kind, ...options }: Proxy): Connector {
  try {
    return kind === "socks5" ? socks5Connector(host, options) : httpConnector(host, options);
  } catch (error) {
    // Its message never repeats the login.
    if (error instanceof RangeError) throw badProxy(error.message);
    throw error;
  }
}

function isReachable(address: Address | undefined): address is Address {
  return address !== undefined && address.hostname !== "" && address.port > 0;
}

function parseLogin(text: string): Pick<ProxyOptions, "username" | "password"> {
  const [, username = "", password] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  try {
    return {
      username: decodeURIComponent(username),
      ...(password === undefined ? {} : { password: decodeURIComponent(password) }),
    };
  } catch {
    throw badProxy("a % in its login must be written as %25");
  }
}

function badProxy(why: string): Failure {
  return new Failure("usage", `bad proxy: ${why}`, [{ remedy: EXAMPLE }]);
}
