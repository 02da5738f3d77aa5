/**
 * What datagrams travel on, whatever that is: a UDP socket and an address, or byte streams.
 *
 * A link leads from one end of a session to the other. It gives datagrams away or drops them, as UDP
 * does; a stream loses none on its way, but it fills up, and it may be cut. A client makes its links,
 * one for each shard; at a server they appear as somebody speaks.
 *
 * @module
 */
import type { Address } from "../address.ts";

/** What a link is made of: UDP, TCP, TLS over TCP, or byte streams that the program itself opens. */
export type Carrier = "udp" | "tcp" | "tls" | "stream";

/** A way to the other end of a session. */
export interface Link {
  /** Names it among all links of its handler, for as long as it lasts. */
  readonly key: string;
  readonly carrier: Carrier;
  /** Where the other end is; with streams, of the one that spoke last. */
  readonly address: Address;
  /**
   * Whether more waits here than is good: what can wait should. Never true of a carrier that drops
   * instead.
   */
  readonly isFull: boolean;

  /**
   * Sends a datagram, now or never.
   *
   * @param datagram 1 to 2,046 bytes, lent until the call returns.
   * @returns `false` when it was dropped here. Never throws.
   */
  send(datagram: Uint8Array): boolean;
}

/** Whether a carrier keeps all that it takes, and its order, as long as it is not cut. */
export function isReliable(carrier: Carrier): boolean {
  return carrier !== "udp";
}

/** What links tell. Called synchronously, one call at a time. */
export interface LinkHandler {
  /** A datagram has come. It is lent until the call returns, and may be written to (it is decrypted in place). */
  onDatagram(datagram: Uint8Array, link: Link): void;

  /** A link that was full has room again. */
  onRoom(link: Link): void;

  /** What was on its way, in either direction, may be lost: a stream was cut. The link may go on with another. */
  onCut(link: Link): void;
}
