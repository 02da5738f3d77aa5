/**
 * A bad path between clients and a server, made of real UDP sockets on this machine.
 *
 * Clients talk to the relay as if it were the server. Each client address has a socket of its own
 * towards the server, as behind a NAT, so the server tells clients apart. All decisions come from
 * one seed; what is left to chance is the order in which the datagrams of several sockets arrive.
 *
 * @module
 */
import { type Address, formatAddress } from "../../src/address.ts";
import { Impairment, type LinkConditions } from "./impairment.ts";
import { Schedule } from "./schedule.ts";
import { UdpSocket } from "./udp_socket.ts";

/** Client addresses known at once; the longest silent one makes room for a new one. */
const MAX_CLIENTS = 256;

/** Datagrams waiting at once: two seconds at the rate that a relay in JavaScript can carry. */
const MAX_WAITING = 20_000;

/** Where a relay leads, and how bad it is. */
export interface RelayOptions {
  /** The server, at a loopback address. */
  readonly server: Address;
  /** Decides everything. */
  readonly seed: number;
  /** From the clients to the server. */
  readonly up?: LinkConditions;
  /** From the server to the clients. */
  readonly down?: LinkConditions;
}

/** One direction: what is decided, and what waits. */
interface Direction {
  readonly impairment: Impairment;
  readonly waiting: Schedule;
}

/** One client address, and its socket towards the server. */
interface Client {
  readonly address: Address;
  /** A promise, for the first datagrams come before it is bound. */
  socket: Promise<UdpSocket>;
  heardAt: number;
}

/** A running relay. Close it, or Node will not exit. */
export class Relay {
  /** What a client connects to. */
  readonly addr: Address;
  readonly #socket: UdpSocket;
  readonly #server: Address;
  readonly #up: Direction;
  readonly #down: Direction;
  readonly #clients = new Map<string, Client>();
  readonly #sockets: UdpSocket[];
  #paused = false;
  #closed = false;

  private constructor(options: RelayOptions, socket: UdpSocket) {
    this.#server = options.server;
    this.#socket = socket;
    this.#sockets = [socket];
    this.addr = socket.addr;
    this.#up = direction(options.seed, options.up);
    this.#down = direction(~options.seed, options.down);
  }

  /** Opens a relay on a free port of the server's loopback address. */
  static async open(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options, await UdpSocket.bind(options.server.hostname));
    relay.#socket.onMessage = (datagram, from) => relay.#fromClient(datagram, from);
    return relay;
  }

  /** From the clients to the server: conditions, which may be replaced, and counters. */
  get up(): Impairment {
    return this.#up.impairment;
  }

  /** From the server to the clients. */
  get down(): Impairment {
    return this.#down.impairment;
  }

  /** How many client addresses are known. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Lets nothing in any more, in both directions. What is under way still arrives. */
  pause(): void {
    this.#paused = true;
  }

  /** Ends a pause. */
  resume(): void {
    this.#paused = false;
  }

  /**
   * Gives every client a new port towards the server, as a NAT that forgot. What the server sends
   * to an old port is lost.
   */
  async rebind(): Promise<void> {
    for (const client of this.#clients.values()) {
      void closeSocket(client.socket);
      client.socket = this.#bindTowardsServer(client.address);
    }
    await Promise.all([...this.#clients.values()].map((client) => client.socket));
  }

  /** Closes all sockets. Rejects if anything went wrong inside of the relay. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#up.waiting.clear();
    this.#down.waiting.clear();
    await Promise.all([...this.#clients.values()].map((client) => client.socket));
    await Promise.all(this.#sockets.map((socket) => socket.close()));
    const errors = this.#sockets.flatMap((socket) => socket.errors);
    if (errors.length > 0) throw new AggregateError(errors, "the relay failed");
  }

  #fromClient(datagram: Uint8Array, from: Address): void {
    const client = this.#clientAt(from);
    this.#pass(this.#up, datagram, () => {
      void client.socket.then((socket) => this.#send(socket, datagram, this.#server));
    });
  }

  #fromServer(datagram: Uint8Array, from: Address, client: Address): void {
    if (from.port !== this.#server.port) return;
    this.#pass(this.#down, datagram, () => this.#send(this.#socket, datagram, client));
  }

  #pass({ impairment, waiting }: Direction, datagram: Uint8Array, deliver: () => void): void {
    if (this.#closed) return;
    const counters = impairment.counters;
    if (this.#paused) {
      counters.seen++;
      counters.blackedOut++;
      return;
    }
    const now = performance.now();
    const { arrivals, corruptBit } = impairment.decide(datagram.length, now);
    if (corruptBit >= 0) datagram[corruptBit >>> 3]! ^= 1 << (corruptBit & 7);
    for (const at of arrivals) {
      // A timer may be late: what is due at once must not pass what waits for it.
      if (at <= now && waiting.size === 0) deliver();
      else if (waiting.size < MAX_WAITING) waiting.add(at, deliver);
      else counters.overflowed++;
    }
  }

  #send(socket: UdpSocket, datagram: Uint8Array, to: Address): void {
    if (this.#closed) return;
    const { impairment } = socket === this.#socket ? this.#down : this.#up;
    impairment.counters.delivered++;
    socket.send(datagram, to);
  }

  #clientAt(address: Address): Client {
    const key = formatAddress(address);
    const known = this.#clients.get(key);
    if (known) {
      known.heardAt = performance.now();
      return known;
    }
    if (this.#clients.size >= MAX_CLIENTS) this.#forgetOldest();
    const socket = this.#bindTowardsServer(address);
    const client = { address, socket, heardAt: performance.now() };
    this.#clients.set(key, client);
    return client;
  }

  #forgetOldest(): void {
    let oldest: Client | undefined;
    for (const client of this.#clients.values()) {
      if (!oldest || client.heardAt < oldest.heardAt) oldest = client;
    }
    if (!oldest) return;
    this.#clients.delete(formatAddress(oldest.address));
    void closeSocket(oldest.socket);
  }

  async #bindTowardsServer(client: Address): Promise<UdpSocket> {
    const socket = await UdpSocket.bind(this.#server.hostname);
    this.#sockets.push(socket);
    socket.onMessage = (datagram, from) => this.#fromServer(datagram, from, client);
    return socket;
  }
}

function direction(seed: number, conditions?: LinkConditions): Direction {
  return { impairment: new Impairment(seed, conditions), waiting: new Schedule() };
}

async function closeSocket(socket: Promise<UdpSocket>): Promise<void> {
  await (await socket).close();
}
