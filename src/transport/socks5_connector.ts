/**
 * Byte streams through a SOCKS5 proxy (RFC 1928), with the login of RFC 1929.
 *
 * | client                        | proxy             |
 * | ----------------------------- | ----------------- |
 * | 5, n, n methods               | 5, method         |
 * | 1, n, name, n, password       | 1, 0              |
 * | 5, 1, 0, kind, address, port  | 5, 0, 0, kind, address, port |
 *
 * The second line is there when the proxy has chosen method 2. An address is 4 bytes of IPv4 (kind
 * 1), a length and so many bytes of a name (3), or 16 bytes of IPv6 (4); a port is a big-endian u16.
 *
 * @module
 */
import { type Address, formatAddress, isIpv4, isIpv6 } from "../address.ts";
import { SosistabError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Connector } from "./connector.ts";
import { parseIpv6 } from "./ipv6_bytes.ts";
import {
  checkProxyOptions,
  checkTarget,
  loginOf,
  type ProxyDialogue,
  type ProxyLogin,
  type ProxyOptions,
  talkToProxy,
} from "./proxy_dialogue.ts";

// Protocol constants.

const VERSION = 5;
const LOGIN_VERSION = 1;
const CONNECT = 1;
const NO_LOGIN = 0;
const LOGIN = 2;
const NO_METHOD = 0xff;
const KIND_IPV4 = 1;
const KIND_NAME = 3;
const KIND_IPV6 = 4;
const MAX_LOGIN = 255;

/** What a proxy says by its reply. */
const REPLIES: Readonly<Record<number, string>> = {
  1: "it failed",
  2: "its rules forbid it",
  3: "the network is unreachable",
  4: "the host is unreachable",
  5: "the connection was refused",
  6: "it took too many hops",
  7: "it does not connect for anybody",
  8: "it does not know this kind of address",
};

/**
 * Makes a connector that goes through a SOCKS5 proxy.
 *
 * Names are resolved by the proxy. The connector rejects with the {@linkcode SosistabError}
 * `proxy-failed`, `proxy-login-refused` or `proxy-refused`, with the signal's reason, and with a
 * `RangeError` for an address that is none.
 */
export function socks5Connector(host: Host, options: ProxyOptions): Connector {
  checkProxyOptions(host, options);
  const login = loginOf(options, MAX_LOGIN);
  const proxy = { hostname: options.hostname, port: options.port };
  return async (address, { signal }) => {
    checkTarget(address);
    const question = encodeRequest(address);
    return await talkToProxy(host, proxy, signal, async (dialogue) => {
      await logIn(dialogue, login);
      await askFor(dialogue, question, address);
    });
  };
}

async function logIn(dialogue: ProxyDialogue, login: ProxyLogin | undefined): Promise<void> {
  const methods = login === undefined ? [NO_LOGIN] : [NO_LOGIN, LOGIN];
  await dialogue.write(Uint8Array.of(VERSION, methods.length, ...methods));
  const [version, method] = await dialogue.read(2);
  if (version !== VERSION) throw noSocks(dialogue);
  if (method === NO_LOGIN) return;
  if (method === NO_METHOD) {
    throw loginRefused(login === undefined ? "it wants one" : "it wants another kind");
  }
  if (method !== LOGIN || login === undefined) throw noSocks(dialogue);
  const { username, password } = login;
  await dialogue.write(
    Uint8Array.of(LOGIN_VERSION, username.length, ...username, password.length, ...password),
  );
  const [loginVersion, status] = await dialogue.read(2);
  if (loginVersion !== LOGIN_VERSION) throw noSocks(dialogue);
  if (status !== 0) throw loginRefused("it does not take this one");
}

async function askFor(
  dialogue: ProxyDialogue,
  question: Uint8Array,
  address: Address,
): Promise<void> {
  await dialogue.write(question);
  const [version, reply = 0] = await dialogue.read(2);
  if (version !== VERSION) throw noSocks(dialogue);
  if (reply !== 0) {
    const where = formatAddress(address);
    const why = REPLIES[reply] ?? `its reply is ${reply}`;
    throw new SosistabError("proxy-refused", `the proxy does not connect to ${where}: ${why}`);
  }
  const [, kind] = await dialogue.read(2);
  await dialogue.read(await addressLength(dialogue, kind) + 2);
}

/** Where the proxy has connected from: nobody needs to know, but it must be read. */
async function addressLength(dialogue: ProxyDialogue, kind: number | undefined): Promise<number> {
  switch (kind) {
    case KIND_IPV4:
      return 4;
    case KIND_IPV6:
      return 16;
    case KIND_NAME: {
      const [length = 0] = await dialogue.read(1);
      return length;
    }
    default:
      throw noSocks(dialogue);
  }
}

function encodeRequest({ hostname, port }: Address): Uint8Array {
  return Uint8Array.of(VERSION, CONNECT, 0, ...encodeHostname(hostname), port >>> 8, port & 0xff);
}

function encodeHostname(hostname: string): readonly number[] {
  if (isIpv4(hostname)) return [KIND_IPV4, ...hostname.split(".").map(Number)];
  if (!isIpv6(hostname)) {
    const name = new TextEncoder().encode(hostname);
    return [KIND_NAME, name.length, ...name];
  }
  return [KIND_IPV6, ...parseIpv6(hostname) ?? []];
}

function noSocks(dialogue: ProxyDialogue): SosistabError {
  return dialogue.failed("does not speak SOCKS5");
}

function loginRefused(why: string): SosistabError {
  return new SosistabError("proxy-login-refused", `the proxy refuses the login: ${why}`);
}
