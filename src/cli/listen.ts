/**
 * `sosistab listen [ADDR]`: accepts peers, and joins their streams to stdin and stdout, or to a TCP
 * service.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import type { Listener } from "../net/listen_contract.ts";
import { listen as openListener } from "../net/listener.ts";
import { formatUrl } from "../net/url.ts";
import { DEFAULT_PORT, parseListenAddress } from "./arguments.ts";
import type { Context } from "./context.ts";
import { explainListen } from "./explain.ts";
import { Failure } from "./failure.ts";
import { joinFirstStream } from "./first_stream.ts";
import { forwardStreams } from "./forward_streams.ts";
import { helloFileOf, openHelloFile } from "./hello_file.ts";
import { loadKey } from "./key_file.ts";
import { advertisedHost } from "./own_address.ts";
import { sayRefusals } from "./refusals.ts";
import { shellWord } from "./shell_word.ts";
import { explainIdentity, readTlsIdentity, type TlsFiles } from "./tls_identity.ts";

/** What `listen --transport` can be told: `auto` is both, at one port. */
export const LISTEN_TRANSPORTS = ["auto", "udp", "tcp"] as const;

/** Options of `listen`. */
export interface ListenFlags extends TlsFiles {
  /** What is taken. */
  readonly transport: typeof LISTEN_TRANSPORTS[number];
  /** The key file. */
  readonly key?: string;
  /** The host that clients are told to name. */
  readonly host?: string;
  /** The TCP service that streams are forwarded to. */
  readonly to?: Address;
  /** How long to wait for the first stream, ms; for ever by default. */
  readonly timeout?: number;
  /** How long the other side may be silent when an answer is awaited, ms. */
  readonly deadAfter: number;
  /** How long forwarded streams may take to finish when the program is to stop, ms. */
  readonly drain: number;
}

/** Listens, and carries data until it ends. */
export async function listen(
  context: Context,
  argument: string | undefined,
  flags: ListenFlags,
): Promise<void> {
  const address = parseListenAddress(argument);
  const { transport } = flags;
  const tls = readTlsIdentity(flags);
  if (tls !== undefined && transport === "udp") {
    throw new Failure("usage", "--cert is for TLS, which is spoken over TCP", [
      { remedy: "leave --transport udp out, or --cert and --cert-key" },
    ]);
  }
  const { secretKey, file } = loadKey(context.host, context.reporter, flags.key);
  const replayStore = openHelloFile(context.reporter, file);
  const { hostname, port } = address;
  let listener: Listener;
  try {
    listener = await openListener(context.host, {
      port,
      secretKey,
      udp: transport !== "tcp",
      tcp: transport !== "udp",
      ...(tls && { tls }),
      ...(replayStore && { replayStore }),
      ...(hostname === "" ? {} : { hostname }),
    });
  } catch (error) {
    throw explainListen(tls ? explainIdentity(error, flags) : error, address, transport);
  }
  try {
    sayListening(context, listener, argument, flags);
    sayPause(context, listener, helloFileOf(file));
    if (flags.to) await forwardStreams(context, listener, { ...flags, target: flags.to });
    else await joinFirstStream(context, listener, flags);
  } finally {
    await listener.close();
    sayRefusals(context.reporter, listener.stats());
  }
}

/** The line to paste on the other side is the whole set-up: it must be right as it stands. */
function sayListening(
  { reporter }: Context,
  listener: Listener,
  argument: string | undefined,
  flags: ListenFlags,
): void {
  const { addr, publicKey } = listener;
  const bound = formatAddress(addr);
  const target = flags.to && formatAddress(flags.to);
  const url = formatUrl({
    hostname: advertisedHost(flags.host, addr),
    port: addr.port,
    serverKey: publicKey,
  });
  const transports = transportsOf(flags);
  const joined = target === undefined ? "joined to stdin and stdout" : `forwarding to ${target}`;
  // The far end needs a port of its own to offer what is forwarded.
  const local = flags.to && flags.to.port >= 1024 ? ` -L ${flags.to.port}` : " -L 8080";
  reporter.event(
    "listening",
    { address: bound, url, transports, ...(target === undefined ? {} : { to: target }) },
    [
      `${reporter.highlight("listening")} ${transports.join("+")} ${bound}   ${joined}`,
      "On the other machine:",
      reporter.highlight(`  sosistab connect '${url}'${target === undefined ? "" : local}`),
      `(as a QR code: ${["sosistab url", ...urlArguments(argument, addr, flags)].join(" ")} --qr)`,
    ].join("\n"),
  );
}

/** A listener that does not know what was answered before lets the minute pass. */
function sayPause(
  { host, reporter }: Context,
  listener: Listener,
  helloFile: string,
): void {
  const { past } = listener.stats().hellos;
  if (past === "all") return;
  const wait = `nobody can connect for the next ${Math.ceil(60 - host.epochSeconds() % 60)} s`;
  reporter.warn(
    past === "damaged"
      ? `a part of ${helloFile} is damaged or was made with another key, so ${wait}`
      : `nothing tells which clients this key has answered before, so ${wait}`,
  );
}

/** What clients may come over. */
function transportsOf({ transport, cert }: ListenFlags): readonly string[] {
  const plain = transport === "auto" ? ["udp", "tcp"] : [transport];
  return cert === undefined ? plain : [...plain, "tls"];
}

/** What `sosistab url` must be told to print the same URL. */
function urlArguments(
  argument: string | undefined,
  { port }: Address,
  { host, key }: ListenFlags,
): string[] {
  const where = formatAddress({ hostname: parseListenAddress(argument).hostname, port });
  return [
    ...(where === `:${DEFAULT_PORT}` ? [] : [where]),
    ...(host === undefined ? [] : ["--host", host]),
    ...(key === undefined ? [] : ["--key", key]),
  ].map(shellWord);
}
