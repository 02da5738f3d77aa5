/**
 * Byte streams through an HTTP proxy, by its CONNECT method (RFC 9110, section 9.3.6), with the
 * Basic login of RFC 7617.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import { SosistabError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Connector } from "./connector.ts";
import {
  checkProxyOptions,
  checkTarget,
  loginOf,
  type ProxyDialogue,
  type ProxyLogin,
  type ProxyOptions,
  talkToProxy,
} from "./proxy_dialogue.ts";

// Tuning.

/** Bytes that all heads of an answer may have: twice what servers commonly take of a request's. */
const MAX_HEAD = 16_384;

/** Bytes of a user name or of a password: far more than people have, and less than heads may. */
const MAX_LOGIN = 1_024;

/**
 * Makes a connector that goes through an HTTP proxy.
 *
 * Names are resolved by the proxy. The connector rejects with the {@linkcode SosistabError}
 * `proxy-failed`, `proxy-login-refused` or `proxy-refused`, with the signal's reason, and with a
 * `RangeError` for an address that is none.
 */
export function httpConnector(host: Host, options: ProxyOptions): Connector {
  checkProxyOptions(host, options);
  const login = loginOf(options, MAX_LOGIN);
  if (login?.username.includes(COLON)) {
    throw new RangeError(
      "username must hold no colon: an HTTP proxy would take the rest of it for the password",
    );
  }
  const proxy = { hostname: options.hostname, port: options.port };
  return async (address, { signal }) => {
    checkTarget(address);
    const question = encodeConnect(address, login);
    return await talkToProxy(
      host,
      proxy,
      signal,
      (dialogue) => askFor(dialogue, question, address),
    );
  };
}

const COLON = 58;

async function askFor(
  dialogue: ProxyDialogue,
  question: Uint8Array,
  address: Address,
): Promise<void> {
  await dialogue.write(question);
  for (let room = MAX_HEAD;;) {
    const head = await dialogue.readHead(room);
    room -= head.length;
    const status = statusOf(head);
    if (status === undefined) throw dialogue.failed("does not speak HTTP");
    // 1xx: the real answer is still to come.
    if (status >= 200) return judge(status, address);
  }
}

function judge(status: number, address: Address): void {
  if (status < 300) return;
  // 407 is what a proxy should say; tinyproxy says 401 to whoever brings no login.
  if (status === 407 || status === 401) {
    throw new SosistabError("proxy-login-refused", "the proxy refuses the login, or wants one");
  }
  const where = formatAddress(address);
  throw new SosistabError(
    "proxy-refused",
    `the proxy does not connect to ${where}: HTTP status ${status}`,
  );
}

function encodeConnect(address: Address, login: ProxyLogin | undefined): Uint8Array {
  const where = formatAddress(address);
  const lines = [`CONNECT ${where} HTTP/1.1`, `Host: ${where}`];
  if (login !== undefined) lines.push(`Proxy-Authorization: Basic ${basicOf(login)}`);
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

function basicOf({ username, password }: ProxyLogin): string {
  return btoa(String.fromCharCode(...username, COLON, ...password));
}

function statusOf(head: Uint8Array): number | undefined {
  const line = String.fromCharCode(...head.subarray(0, 13));
  const match = /^HTTP\/1\.[01] ([1-5][0-9]{2})[ \r]/.exec(line);
  return match ? Number(match[1]) : undefined;
}
