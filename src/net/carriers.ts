/**
 * A client's links, made of what the program has chosen.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { portableX25519 } from "../crypto/keys.ts";
import { SosistabError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Random } from "../random.ts";
import { reportFault } from "../transport/fault.ts";
import type { Carrier } from "../transport/link.ts";
import { StreamLink } from "../transport/stream_link.ts";
import type { OwnLink } from "./client_path.ts";
import type { ConnectOptions } from "./contract.ts";
import type { OpeningWatch } from "./opening_watch.ts";
import { streamOpener } from "./stream_opener.ts";
import { type ClientLinkHandler, openUdpLinks } from "./udp_links.ts";

/** What is needed to make links to a server. */
export interface LinkWishes {
  readonly host: Host;
  readonly random: Random;
  readonly options: ConnectOptions;
  /** Where the server may be; at least one. */
  readonly addresses: readonly Address[];
  readonly handler: ClientLinkHandler;
  /** Follows how streams open, as long as somebody wants to know. */
  readonly watch: OpeningWatch | undefined;
  /** The server's wall clock, as far as it is known. */
  readonly epochSeconds: () => number;
}

/**
 * Makes the links of one carrier by which a server may be reached: the one that answers first is kept.
 *
 * @returns At least one. Rejects with a {@linkcode SosistabError} when this machine has no such thing.
 */
export async function openLinks(carrier: Carrier, wishes: LinkWishes): Promise<OwnLink[]> {
  const { host, addresses } = wishes;
  const handler = guarded(host, wishes.handler);
  if (carrier === "udp") return await openUdpLinks(host, addresses, handler);
  return [openStreamLink(carrier, { ...wishes, handler })];
}

/** What carries the datagrams of a client that has chosen a protocol. */
export function carrierOf(
  protocol: "udp" | "tcp" | "tls",
  { connector }: Pick<ConnectOptions, "connector">,
): Carrier {
  return connector !== undefined && protocol === "tcp" ? "stream" : protocol;
}

/** The same handler within the guard of a client's inputs. */
function guarded(host: Host, handler: ClientLinkHandler): ClientLinkHandler {
  const guard = (what: () => void) => {
    try {
      what();
    } catch (error) {
      handler.onFault(reportFault(host, error));
    }
  };
  return {
    onDatagram: (datagram, link) => guard(() => handler.onDatagram(datagram, link)),
    onRoom: (link) => guard(() => handler.onRoom(link)),
    onCut: (link) => guard(() => handler.onCut(link)),
    onDoubt: () => guard(() => handler.onDoubt()),
    onFault: (error) => handler.onFault(error),
  };
}

function openStreamLink(carrier: Exclude<Carrier, "udp">, wishes: LinkWishes): StreamLink {
  const { host, random, options, addresses, handler, watch, epochSeconds } = wishes;
  const { connector, serverKey, serverName } = options;
  if (connector === undefined && host.connectStream === undefined) {
    throw new SosistabError("socket-failed", "this host has no byte streams");
  }
  const open = streamOpener(host, addresses, {
    isSecure: options.protocol === "tls",
    ...(connector === undefined ? {} : { connector }),
    ...(serverName === undefined ? {} : { serverName }),
  });
  const link = new StreamLink({
    host,
    carrier,
    address: addresses[0]!,
    open: watch?.follow(open) ?? open,
    serverKey,
    x25519: host.x25519 ?? portableX25519(host.random),
    random,
    epochSeconds,
    handler,
  });
  link.start();
  return link;
}
