/**
 * A datagram socket of the simulated network.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { DatagramHandler, DatagramSocket } from "../host.ts";
import { Fifo } from "./fifo.ts";
import type { VirtualNode } from "./node.ts";
import { dropsDatagrams, sendingError } from "./socket_failure.ts";
import type { World } from "./world.ts";

// Protocol constants.

/** Longest datagram of UDP over IPv4. */
const LONGEST_DATAGRAM = 65_507;

// Tuning.

/** What a receive buffer holds: what Linux gives a socket that asks for nothing. */
const RECEIVE_BUFFER = 212_992;

/** What a datagram takes in it besides its bytes: the bookkeeping of Linux, roughly. */
const BUFFER_OVERHEAD = 1_024;

/** A datagram that waits for the event loop. */
interface Waiting {
  readonly datagram: Uint8Array;
  readonly from: Address;
}

/** A {@linkcode DatagramSocket} at a simulated node. */
export class SimulatedDatagramSocket implements DatagramSocket {
  readonly addr: Address;
  /** The node that it belongs to. */
  readonly node: VirtualNode;
  readonly #world: World;
  readonly #handler: DatagramHandler;
  readonly #waiting = new Fifo<Waiting>();
  #waitingBytes = 0;
  #dropped = 0;
  #outside: Address;
  #isClosed = false;

  /** Made by the node. */
  constructor(world: World, node: VirtualNode, addr: Address, handler: DatagramHandler) {
    this.#world = world;
    this.node = node;
    this.addr = addr;
    this.#handler = handler;
    this.#outside = addr;
    world.bind(addr, this);
  }

  /** The address under which its datagrams come to others. */
  get outside(): Address {
    return this.#outside;
  }

  /** Datagrams that its receive buffer had no room for. */
  get dropped(): number {
    return this.#dropped;
  }

  send(datagram: Uint8Array, to: Address): boolean {
    if (this.#isClosed || datagram.length > LONGEST_DATAGRAM) return false;
    const failure = this.node.socketFailure;
    if (dropsDatagrams(failure)) return this.#tellLater(sendingError(failure));
    this.node.log?.onSent(datagram.length, to);
    this.#world.send(datagram, this, to);
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.clear();
    this.#world.bind(this.#outside, undefined);
    this.node.onClosed(this);
  }

  /** From the node: its datagrams come from elsewhere now, and must be sent there. */
  move(outside: Address): void {
    this.#world.bind(this.#outside, undefined);
    this.#outside = outside;
    this.#world.bind(outside, this);
  }

  /** From the network: a datagram has arrived. */
  receive(datagram: Uint8Array, from: Address): void {
    if (this.#waiting.length > 0 || this.#world.clock.now < this.node.stalledUntil) {
      this.#wait(datagram, from);
      return;
    }
    this.#deliver(datagram, from);
  }

  /** Tells the program what became of a datagram that was dropped; without an error it knows at once. */
  #tellLater(error: Error | undefined): boolean {
    if (error === undefined) return false;
    const { clock } = this.#world;
    clock.at(clock.now, () => this.node.call(() => this.#isClosed || this.#handler.onError(error)));
    return true;
  }

  #deliver(datagram: Uint8Array, from: Address): void {
    this.#world.onCallOut();
    const { log } = this.node;
    if (log === undefined) this.#handler.onDatagram(datagram, from);
    else log.onReceived(datagram.length, from, () => this.#handler.onDatagram(datagram, from));
  }

  #wait(datagram: Uint8Array, from: Address): void {
    const size = datagram.length + BUFFER_OVERHEAD;
    if (this.#waitingBytes + size > RECEIVE_BUFFER) {
      this.#dropped++;
      return;
    }
    this.#waitingBytes += size;
    this.#waiting.push({ datagram: datagram.slice(), from });
    if (this.#waiting.length === 1) this.#wakeLater();
  }

  #wakeLater(): void {
    this.#world.clock.at(this.node.stalledUntil, () => this.#deliverFirst());
  }

  /** One at a time: the program may close the socket, or promises settle, in between. */
  #deliverFirst(): void {
    if (this.#isClosed) return;
    if (this.#world.clock.now < this.node.stalledUntil) return this.#wakeLater();
    const first = this.#waiting.take();
    if (first === undefined) return;
    this.#waitingBytes -= first.datagram.length + BUFFER_OVERHEAD;
    if (this.#waiting.length > 0) this.#wakeLater();
    this.#deliver(first.datagram, first.from);
  }
}
