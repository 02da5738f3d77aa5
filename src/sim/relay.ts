/**
 * A bad path between real sockets.
 *
 * Clients talk to the relay as if it were the server. Each client address has a socket of its own
 * towards the server, as behind a NAT, so the server tells clients apart. What happens to the
 * datagrams in between is decided by the same link as in the simulator. The seed decides over the
 * n-th datagram of a direction; what is left to chance is which datagram is the n-th.
 *
 * @module
 */
import { type Address, formatAddress, isIpv6 } from "../address.ts";
import type { DatagramSocket, Host } from "../host.ts";
import type { LinkConditions } from "./conditions.ts";
import { HostClock } from "./host_clock.ts";
import { Link } from "./link.ts";

// Tuning.

/** Client addresses known at once; the longest silent one makes room for a new one. */
const MOST_CLIENTS = 256;

/** Datagrams that wait until the socket towards the server is open: more than a handshake has. */
const MOST_EARLY = 64;

/** Where a relay leads, and how bad it is. */
export interface RelayOptions {
  /** The server: a host name or IP literal, and a port. */
  readonly server: Address;
  /** Where clients find the relay, an IP literal; by default any free port of the loopback address. */
  readonly listenAt?: Address;
  /** Decides everything; 1 by default. */
  readonly seed?: number;
  /** From the clients to the server. */
  readonly up?: LinkConditions;
  /** From the server to the clients. */
  readonly down?: LinkConditions;
}

/** A running relay. Close it, or the process will not end. */
export interface Relay extends Disposable {
  /** What a client connects to. */
  readonly addr: Address;
  /** From the clients to the server: conditions, which may be changed, and counters. */
  readonly up: Link;
  /** From the server to the clients. */
  readonly down: Link;
  /** How many client addresses are known. */
  readonly clients: number;
  /** Datagrams that the relay's own sockets had no room for. */
  readonly sendsDropped: number;
  /** Errors of the sockets: a server that is not there, for instance. They are survived. */
  readonly socketErrors: number;
  /** Lets nothing pass any more, in both directions. What is past the bottleneck still arrives. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /**
   * Gives every client a new port towards the server, as a NAT that forgot. What the server sends
   * to an old port is lost.
   *
   * @returns Resolves when all new sockets are open.
   */
  rebind(): Promise<void>;
  /** Closes all sockets, and drops what is on its way; doing so twice is harmless. */
  close(): void;
}

/**
 * Opens a relay.
 *
 * @param host The world in which it runs.
 * @returns Rejects with the {@linkcode SosistabError} of a socket or name, and with a `RangeError`
 * where a condition makes no sense.
 */
export async function openRelay(host: Host, options: RelayOptions): Promise<Relay> {
  const relay = new DatagramRelay(host, options);
  await relay.open();
  return relay;
}

/** A {@linkcode Relay} on datagram sockets. */
class DatagramRelay implements Relay {
  readonly up: Link;
  readonly down: Link;
  readonly #host: Host;
  readonly #options: RelayOptions;
  readonly #clock: HostClock;
  readonly #clients = new Map<string, Client>();
  #server: Address;
  #socket: DatagramSocket | undefined;
  #sendsDropped = 0;
  #socketErrors = 0;
  #isClosed = false;

  constructor(host: Host, options: RelayOptions) {
    const { server, seed = 1, up, down } = options;
    this.#host = host;
    this.#options = options;
    this.#clock = new HostClock(host);
    this.up = new Link(this.#clock, `${seed}/up`, up);
    this.down = new Link(this.#clock, `${seed}/down`, down);
    this.#server = server;
  }

  get addr(): Address {
    return this.#listening.addr;
  }

  get clients(): number {
    return this.#clients.size;
  }

  get sendsDropped(): number {
    return this.#sendsDropped;
  }

  get socketErrors(): number {
    return this.#socketErrors;
  }

  /** Looks the server up, and opens the socket for the clients. */
  async open(): Promise<void> {
    const { hostname, port } = this.#options.server;
    const [ip = hostname] = await this.#host.resolve(hostname);
    this.#server = { hostname: ip, port };
    const loopback = { hostname: isIpv6(ip) ? "::1" : "127.0.0.1", port: 0 };
    this.#socket = await this.#host.bindDatagram(this.#options.listenAt ?? loopback, {
      onDatagram: (datagram, from) => this.#fromClient(datagram, from),
      onError: () => void this.#socketErrors++,
    });
  }

  pause(): void {
    this.up.change({ isDown: true });
    this.down.change({ isDown: true });
  }

  resume(): void {
    this.up.change({ isDown: false });
    this.down.change({ isDown: false });
  }

  async rebind(): Promise<void> {
    await Promise.all(
      [...this.#clients.values()].map((client) => client.bind(this.#host, this.#server)),
    );
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#clock.close();
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
    this.#socket?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #listening(): DatagramSocket {
    if (this.#socket === undefined) throw new Error("the relay's socket is not open yet");
    return this.#socket;
  }

  #fromClient(datagram: Uint8Array, from: Address): void {
    if (this.#isClosed) return;
    const client = this.#clientAt(from);
    client.heardAt = this.#host.now();
    this.#clock.enter(() => this.up.send(datagram, client.deliver));
  }

  #fromServer(datagram: Uint8Array, from: Address, client: Client): void {
    if (this.#isClosed || from.port !== this.#server.port) return;
    this.#clock.enter(() => this.down.send(datagram, client.deliverBack));
  }

  #clientAt(address: Address): Client {
    const key = formatAddress(address);
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    if (this.#clients.size >= MOST_CLIENTS) this.#forgetOldest();
    const client: Client = new Client(address, {
      onAnswer: (datagram, from) => this.#fromServer(datagram, from, client),
      onError: () => void this.#socketErrors++,
      send: (datagram, socket) => this.#count(socket.send(datagram, this.#server)),
      sendBack: (datagram) => this.#count(this.#listening.send(datagram, address)),
    });
    this.#clients.set(key, client);
    // A socket that cannot be had was counted, and its client hears nothing.
    client.bind(this.#host, this.#server).catch(() => {});
    return client;
  }

  #count(isSent: boolean): void {
    if (!isSent) this.#sendsDropped++;
  }

  #forgetOldest(): void {
    let oldest: Client | undefined;
    for (const client of this.#clients.values()) {
      if (oldest === undefined || client.heardAt < oldest.heardAt) oldest = client;
    }
    if (oldest === undefined) return;
    this.#clients.delete(formatAddress(oldest.address));
    oldest.close();
  }
}

/** What a client tells the relay. */
interface ClientObserver {
  readonly onAnswer: (datagram: Uint8Array, from: Address) => void;
  readonly onError: () => void;
  readonly send: (datagram: Uint8Array, socket: DatagramSocket) => void;
  readonly sendBack: (datagram: Uint8Array) => void;
}

/** One client address, and its socket towards the server. */
class Client {
  readonly address: Address;
  /** Takes what has arrived at the server's end of the path. */
  readonly deliver = (datagram: Uint8Array): void => this.#send(datagram);
  /** Takes what has arrived at the client's end. */
  readonly deliverBack: (datagram: Uint8Array) => void;
  heardAt = 0;
  readonly #observer: ClientObserver;
  readonly #early: Uint8Array[] = [];
  #socket: DatagramSocket | undefined;
  #binds = 0;
  #isClosed = false;

  constructor(address: Address, observer: ClientObserver) {
    this.address = address;
    this.#observer = observer;
    this.deliverBack = (datagram) => {
      if (!this.#isClosed) observer.sendBack(datagram);
    };
  }

  /** Opens a new socket towards a server, and closes the old one at once. */
  async bind(host: Host, server: Address): Promise<void> {
    const number = ++this.#binds;
    this.#socket?.close();
    this.#socket = undefined;
    const any = { hostname: isIpv6(server.hostname) ? "::" : "0.0.0.0", port: 0 };
    const { onAnswer, onError } = this.#observer;
    try {
      const socket = await host.bindDatagram(any, { onDatagram: onAnswer, onError });
      // It was closed, or another rebind has overtaken this one.
      if (this.#isClosed || number !== this.#binds) return socket.close();
      this.#socket = socket;
    } catch (error) {
      onError();
      throw error;
    }
    for (const datagram of this.#early.splice(0)) this.#send(datagram);
  }

  close(): void {
    this.#isClosed = true;
    this.#early.length = 0;
    this.#socket?.close();
  }

  #send(datagram: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#socket !== undefined) this.#observer.send(datagram, this.#socket);
    else if (this.#early.length < MOST_EARLY) this.#early.push(datagram.slice());
  }
}
