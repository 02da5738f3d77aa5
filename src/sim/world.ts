/**
 * What the parts of a simulated network share.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { VirtualClock } from "./clock.ts";
import type { SimulatedDatagramSocket } from "./datagram_socket.ts";
import type { VirtualNode } from "./node.ts";

/** The network as its nodes and sockets see it. */
export interface World {
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly timers: "coarse" | "exact";
  /** What the wall clocks show at the beginning, seconds since 1970. */
  readonly epochSeconds: number;
  /** Whether session packets are not encrypted. */
  readonly isUnencrypted: boolean;
  /** Where lines about packets go. */
  readonly log: ((line: string) => void) | undefined;
  /** A program is about to be called. */
  onCallOut(): void;
  /** The address of a name. */
  addressOf(name: string): string | undefined;
  /** An address that nobody has had. */
  freeAddress(): string;
  /** A node gets another address. */
  moveNode(node: VirtualNode, address: string): void;
  /** Datagrams to an address go to a socket from now on, or nowhere. */
  bind(address: Address, socket: SimulatedDatagramSocket | undefined): void;
  /** Sends bytes of a stream on their way. */
  sendSegment(bytes: Uint8Array, node: VirtualNode, from: Address, to: Address): void;
  /** Sends a datagram on its way. */
  send(datagram: Uint8Array, from: SimulatedDatagramSocket, to: Address): void;
}
