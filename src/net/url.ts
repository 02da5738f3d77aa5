/**
 * The address of a server as one piece of text.
 *
 * `sosistab://<public key>@<host>:<port>#<label>`: the key in lower-case base32 (RFC 4648, without
 * padding), 52 characters. Whoever holds it can reach the server, and nobody else knows that there
 * is one: share it like a password.
 *
 * @module
 */
import { isIpv6 } from "../address.ts";
import { formatKey, parseKey } from "./key_text.ts";

// Protocol constants.

const SCHEME = "sosistab://";

/** What a URL tells: enough to connect. */
export interface ServerAddress {
  /** Host name or IP literal. */
  readonly hostname: string;
  /** 1 to 65,535. */
  readonly port: number;
  /** The server's public key, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** A name for people, where there is one. */
  readonly label?: string;
}

/**
 * Reads a URL. Parameters behind `?` are passed over.
 *
 * @returns What it tells. Throws a `TypeError` that says what is wrong, without the key in it.
 */
export function parseUrl(text: string): ServerAddress {
  const trimmed = text.trim();
  if (!trimmed.startsWith(SCHEME)) {
    throw new TypeError(`a sosistab URL begins with ${SCHEME}`);
  }
  const match = /^([^@/?#]*)@(\[[^\]]*\]|[^:/?#]*):([0-9]+)\/?(?:\?[^#]*)?(?:#(.*))?$/
    .exec(trimmed.slice(SCHEME.length));
  if (match === null) {
    throw new TypeError(`a sosistab URL looks like ${SCHEME}KEY@HOST:PORT`);
  }
  const [, keyText = "", host = "", portText = "", label] = match;
  const serverKey = parseKey(keyText);
  if (serverKey === undefined) {
    throw new TypeError(
      `the key in a sosistab URL is 52 characters of a-z and 2-7, this one has ${keyText.length}`,
    );
  }
  const hostname = host.replace(/^\[|\]$/g, "");
  if (hostname === "") throw new TypeError("this sosistab URL names no host");
  const port = Number(portText);
  if (port < 1 || port > 65_535) {
    throw new TypeError(`the port in a sosistab URL is 1 to 65535, got ${portText}`);
  }
  return { hostname, port, serverKey, ...(label ? { label: decodeLabel(label) } : {}) };
}

/** Writes a URL. */
export function formatUrl({ hostname, port, serverKey, label }: ServerAddress): string {
  const host = isIpv6(hostname) ? `[${hostname}]` : hostname;
  const tail = label ? `#${encodeURIComponent(label)}` : "";
  return `${SCHEME}${formatKey(serverKey)}@${host}:${port}${tail}`;
}

function decodeLabel(label: string): string {
  try {
    return decodeURIComponent(label);
  } catch {
    return label;
  }
}
