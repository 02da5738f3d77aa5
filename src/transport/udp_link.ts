/**
 * The link that is hardly one: a UDP socket and an address.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import type { DatagramSocket } from "../host.ts";
import type { Link } from "./link.ts";

/** Datagrams to one address through a socket that may have others. */
export class UdpLink implements Link {
  readonly key: string;
  readonly carrier = "udp";
  readonly address: Address;
  readonly isFull = false;
  readonly #socket: DatagramSocket;

  /**
   * Opens nothing, and closes nothing.
   *
   * @param socket Stays its owner's, who gives on what comes.
   */
  constructor(socket: DatagramSocket, address: Address) {
    this.key = `udp ${formatAddress(address)}`;
    this.address = address;
    this.#socket = socket;
  }

  send(datagram: Uint8Array): boolean {
    return this.#socket.send(datagram, this.address);
  }
}
