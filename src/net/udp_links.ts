/**
 * A client's links over UDP.
 *
 * A name may have several addresses: there is one socket for each family, and a link for each address.
 *
 * @module
 */
import { type Address, formatAddress, isIpv6 } from "../address.ts";
import type { SosistabError } from "../errors.ts";
import type { DatagramHandler, DatagramSocket, Host } from "../host.ts";
import type { LinkHandler } from "../transport/link.ts";
import { UdpLink } from "../transport/udp_link.ts";
import type { OwnLink } from "./client_path.ts";

/** What a client's sockets tell. */
export interface ClientLinkHandler extends LinkHandler {
  /** The system says that something is wrong with the way. It may be mistaken, or lied to. */
  onDoubt(): void;
  /** A mistake of ours has come to light in this handler: nobody knows how much of it still holds. */
  onFault(error: SosistabError): void;
}

/** A socket, and its links. It closes with the last of them. */
class ClientSocket implements DatagramHandler {
  /** By the address that they lead to, as text. */
  readonly links = new Map<string, ClientUdpLink>();
  readonly #handler: ClientLinkHandler;
  #socket: DatagramSocket | undefined;

  constructor(handler: ClientLinkHandler) {
    this.#handler = handler;
  }

  async bind(host: Host, wildcard: string): Promise<void> {
    this.#socket = await host.bindDatagram({ hostname: wildcard, port: 0 }, this);
  }

  add(address: Address): void {
    if (this.#socket === undefined) return;
    const link = new ClientUdpLink(this.#socket, address, (closed) => this.#remove(closed));
    this.links.set(formatAddress(address), link);
  }

  onDatagram(datagram: Uint8Array, from: Address): void {
    // With one address it does not matter from where an answer comes: keys tell, addresses do not.
    const [first] = this.links.values();
    const link = this.links.size === 1 ? first : this.links.get(formatAddress(from)) ?? first;
    if (link !== undefined) this.#handler.onDatagram(datagram, link);
  }

  onError(): void {
    // An ICMP answer can be forged, and a server that restarts causes honest ones: it ends nothing.
    this.#handler.onDoubt();
  }

  #remove(link: ClientUdpLink): void {
    this.links.delete(formatAddress(link.address));
    if (this.links.size === 0) this.#socket?.close();
  }
}

/** A link of a socket that it shares with others. */
class ClientUdpLink extends UdpLink implements OwnLink {
  readonly #onClose: (link: ClientUdpLink) => void;

  constructor(
    socket: DatagramSocket,
    address: Address,
    onClose: (link: ClientUdpLink) => void,
  ) {
    super(socket, address);
    this.#onClose = onClose;
  }

  close(): void {
    this.#onClose(this);
  }
}

/**
 * Opens links to all of the addresses that this machine can reach.
 *
 * @returns At least one. Rejects with why no socket could be opened.
 */
export async function openUdpLinks(
  host: Host,
  addresses: readonly Address[],
  handler: ClientLinkHandler,
): Promise<OwnLink[]> {
  const sockets = new Map<string, ClientSocket>();
  let failure: unknown;
  for (const address of addresses) {
    const wildcard = isIpv6(address.hostname) ? "::" : "0.0.0.0";
    try {
      let socket = sockets.get(wildcard);
      if (socket === undefined) {
        socket = new ClientSocket(handler);
        await socket.bind(host, wildcard);
        sockets.set(wildcard, socket);
      }
      socket.add(address);
    } catch (error) {
      // A machine without IPv6 can still reach the other addresses.
      failure = error;
    }
  }
  const links = [...sockets.values()].flatMap((socket) => [...socket.links.values()]);
  if (links.length === 0) throw failure;
  return links;
}
