/**
 * The byte streams of a simulated node.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import type { StreamHandler, StreamListener, StreamSocket } from "../host.ts";
import { ACK, decodeSegment, encodeSegment, RST, type Segment, SYN } from "./segment.ts";
import { SimulatedStreamSocket, type StreamOwner } from "./stream_socket.ts";
import type { World } from "./world.ts";

/** What a table needs of its node. */
export interface TableOwner {
  /** The node's address now. */
  readonly address: string;
  /** Whether somebody who asks for a stream can be accepted now; if not, he asks again. */
  readonly canAccept: boolean;
  /** Calls the program when its event loop runs. */
  call(run: () => void): void;
  /** Sends bytes along the path to a node. */
  sendSegment(bytes: Uint8Array, from: Address, to: Address): void;
}

/** A node's listeners and connections. */
export class StreamTable implements StreamOwner {
  readonly clock: World["clock"];
  readonly #owner: TableOwner;
  readonly #listeners = new Map<number, StreamHandler>();
  /** By the port that others see, and the other end. */
  readonly #sockets = new Map<string, SimulatedStreamSocket>();

  constructor(clock: World["clock"], owner: TableOwner) {
    this.clock = clock;
    this.#owner = owner;
  }

  /** Listeners that are open, and connections. */
  get size(): number {
    return this.#listeners.size + this.#sockets.size;
  }

  /** Whether a port is listened at. Connections that a listener has left behind are in nobody's way. */
  isListening(port: number): boolean {
    return this.#listeners.has(port);
  }

  /** Whether a port is listened at or connected from. */
  isTaken(port: number): boolean {
    if (this.#listeners.has(port)) return true;
    for (const { localAddr } of this.#sockets.values()) if (localAddr.port === port) return true;
    return false;
  }

  /** Listens at a free port. */
  listen(addr: Address, handler: StreamHandler): StreamListener {
    this.#listeners.set(addr.port, handler);
    return {
      addr,
      close: () => {
        if (this.#listeners.get(addr.port) === handler) this.#listeners.delete(addr.port);
      },
    };
  }

  /** Connects from a free port. */
  async connect(local: Address, remote: Address, signal?: AbortSignal): Promise<StreamSocket> {
    signal?.throwIfAborted();
    const socket = new SimulatedStreamSocket(this, local, remote);
    this.#sockets.set(keyOf(local.port, remote), socket);
    await socket.connect(signal);
    return socket;
  }

  /** The node's packets come from other ports from now on; `nextPort` gives them. */
  rebind(nextPort: () => number): void {
    for (const socket of [...this.#sockets.values()]) {
      this.onGone(socket);
      socket.outside = { hostname: socket.outside.hostname, port: nextPort() };
      this.#sockets.set(keyOf(socket.outside.port, socket.remoteAddr), socket);
    }
  }

  /** Somebody on the way cuts all connections: each end is told that the other one has. */
  cut(): void {
    for (const socket of [...this.#sockets.values()]) {
      this.send(REFUSAL, socket.outside, socket.remoteAddr);
      socket.handle(REFUSAL);
    }
  }

  /** Bytes have come. */
  receive(bytes: Uint8Array, from: Address, to: Address): void {
    const segment = decodeSegment(bytes);
    if (segment === undefined) return;
    const isKept = !this.#owner.canAccept && this.#isRequest(segment, to);
    if (isKept && !this.#sockets.has(keyOf(to.port, from))) return;
    const socket = this.#sockets.get(keyOf(to.port, from)) ?? this.#accept(segment, from, to);
    if (socket !== undefined) socket.handle(segment);
    // What belongs to nothing is refused, and a refusal is not.
    else if ((segment.flags & RST) === 0) this.send(REFUSAL, to, from);
  }

  send(segment: Segment, from: Address, to: Address): void {
    this.#owner.sendSegment(encodeSegment(segment), from, to);
  }

  call(run: () => void): void {
    this.#owner.call(run);
  }

  onGone(socket: SimulatedStreamSocket): void {
    this.#sockets.delete(keyOf(socket.outside.port, socket.remoteAddr));
  }

  /** Whether somebody wants to connect to a listener. */
  #isRequest({ flags }: Segment, to: Address): boolean {
    return this.#listeners.has(to.port) && (flags & (SYN | ACK | RST)) === SYN;
  }

  #accept(segment: Segment, from: Address, to: Address): SimulatedStreamSocket | undefined {
    const handler = this.#listeners.get(to.port);
    if (handler === undefined || !this.#isRequest(segment, to)) return undefined;
    const socket: SimulatedStreamSocket = new SimulatedStreamSocket(
      this,
      to,
      from,
      () => handler.onStream(socket),
    );
    this.#sockets.set(keyOf(to.port, from), socket);
    return socket;
  }
}

const REFUSAL: Segment = {
  flags: RST,
  window: 0,
  sequence: 0,
  acked: 0,
  payload: new Uint8Array(0),
};

function keyOf(port: number, remote: Address): string {
  return `${port} ${formatAddress(remote)}`;
}
