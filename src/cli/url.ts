/**
 * `sosistab url [ADDR]`: prints the URL that clients need.
 *
 * @module
 */
import { renderUnicodeCompact } from "uqr";
import { formatUrl } from "../net/url.ts";
import { parseListenAddress } from "./arguments.ts";
import type { Context } from "./context.ts";
import { Failure } from "./failure.ts";
import { loadKey } from "./key_file.ts";
import { advertisedHost } from "./own_address.ts";
import { printLine } from "./stdio_end.ts";

/** Options of `url`. */
export interface UrlFlags {
  /** The host that clients name. */
  readonly host?: string;
  /** The key file. */
  readonly key?: string;
  /** Whether to draw it too. */
  readonly qr?: boolean;
}

/** Prints the URL of a server that listens, or will listen, at an address. */
export async function url(
  { host, reporter }: Context,
  address: string | undefined,
  flags: UrlFlags,
): Promise<void> {
  const at = parseListenAddress(address);
  if (at.port === 0) {
    throw new Failure("usage", "port 0 is known only while something listens", [
      { remedy: "name the port, as in sosistab url :4000" },
    ]);
  }
  const { publicKey } = loadKey(host, reporter, flags.key);
  const text = formatUrl({
    hostname: advertisedHost(flags.host, at),
    port: at.port,
    serverKey: publicKey,
  });
  reporter.event("url", { url: text });
  if (flags.qr) await printLine(renderUnicodeCompact(text, { border: 2 }));
  await printLine(text);
}
