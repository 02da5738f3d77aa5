/**
 * A machine of the simulated network: a host for programs, and what can happen to a machine.
 *
 * @module
 */
import { type Address, formatAddress, isIpv4, isIpv6 } from "../address.ts";
import { SessionCipher } from "../crypto/aead.ts";
import { portableX25519 } from "../crypto/keys.ts";
import { SosistabError } from "../errors.ts";
import type {
  ConnectStreamOptions,
  DatagramHandler,
  DatagramSocket,
  PacketCipher,
  SessionState,
  StreamHandler,
  StreamListener,
  StreamSocket,
  X25519,
} from "../host.ts";
import type { RandomSource } from "../random.ts";
import { PacketLog } from "../session/packet_log.ts";
import { NodeAlarm } from "./node_alarm.ts";
import { NullCipher } from "./null_cipher.ts";
import { seededSource, SeededStream } from "./seeded_random.ts";
import type { NodeOptions, SimulatedNode } from "./contract.ts";
import { SimulatedDatagramSocket } from "./datagram_socket.ts";
import { openingError, type SocketFailure } from "./socket_failure.ts";
import { StreamTable } from "./stream_table.ts";
import type { World } from "./world.ts";

// Tuning.

/** Alarms of real runtimes come at whole milliseconds, and up to so much later, ms. */
const ALARM_GRAIN = 1;
const ALARM_LATENESS = 1;

/** The first port of sockets that asked for any, and the first one after a rebind. */
const FIRST_PORT = 40_000;
const FIRST_REBOUND_PORT = 50_000;

/** A {@linkcode SimulatedNode}. */
export class VirtualNode implements SimulatedNode {
  /** Its name, which resolves to its address. */
  readonly name: string;
  readonly random: RandomSource;
  readonly x25519: X25519;
  readonly createCipher?: (key: Uint8Array) => PacketCipher;
  readonly onSessionState?: (state: SessionState) => void;
  /** Its log, where there is one. */
  readonly log?: PacketLog;
  readonly #world: World;
  readonly #hasExactTimers: boolean;
  readonly #lateness: SeededStream;
  readonly #sockets = new Set<SimulatedDatagramSocket>();
  readonly #streams: StreamTable;
  #alarms = 0;
  #nextPort = FIRST_PORT;
  #nextRebound = FIRST_REBOUND_PORT;
  #address: string;
  #clockStep = 0;
  #stalledUntil = -Infinity;
  #socketFailure: SocketFailure | undefined;

  /** Made by the network. */
  constructor(world: World, name: string, address: string, options: NodeOptions) {
    const { timers = world.timers } = options;
    if (timers !== "coarse" && timers !== "exact") {
      throw new RangeError(`timers must be "coarse" or "exact", got ${String(timers)}`);
    }
    this.name = name;
    this.#world = world;
    this.#address = address;
    this.#hasExactTimers = timers === "exact";
    this.#lateness = new SeededStream(`${world.seed}/lateness/${name}`);
    this.random = seededSource(`${world.seed}/random/${name}`);
    this.x25519 = portableX25519(this.random);
    this.#streams = new StreamTable(world.clock, this);
    if (world.isUnencrypted) this.createCipher = (key) => new NullCipher(key);
    if (world.log !== undefined) {
      const log = this.log = new PacketLog(name, this.now, world.log);
      const create = this.createCipher ?? ((key) => new SessionCipher(key));
      this.createCipher = (key) => log.watch(create(key));
      this.onSessionState = (state) => log.onSessionState(state);
    }
  }

  /** The IP address under which its packets come now. */
  get address(): string {
    return this.#address;
  }

  /** Sockets that are open: of datagrams, listeners, and streams until both ends have said so. */
  get openSockets(): number {
    return this.#sockets.size + this.#streams.size;
  }

  // The members of a host are properties, so that a host can be made of another one by `...`.

  readonly now = (): number => this.#world.clock.now;

  readonly epochSeconds = (): number =>
    this.#world.epochSeconds + this.#clockStep + this.#world.clock.now / 1000;

  readonly setAlarm = (at: number, wake: () => void): Disposable => {
    if (Number.isNaN(at)) throw new RangeError("at must be an instant, got NaN");
    return new NodeAlarm(this, this.#world, this.#ringsAt(at), wake);
  };

  readonly resolve = (hostname: string): Promise<readonly string[]> => {
    const address = this.#world.addressOf(hostname) ??
      (isIpv4(hostname) || isIpv6(hostname) ? hostname : undefined);
    if (address !== undefined) return Promise.resolve([address]);
    return Promise.reject(new SosistabError("name-not-found", `${hostname} has no address`));
  };

  readonly bindDatagram = (
    { hostname, port }: Address,
    handler: DatagramHandler,
  ): Promise<DatagramSocket> => {
    const isTaken = (port: number) => this.#isDatagramPort(port);
    const failure = openingError(this.#socketFailure, "datagrams") ??
      this.#whyNotBind(hostname, port, isTaken);
    if (failure !== undefined) return Promise.reject(failure);
    const addr = { hostname: this.#address, port: port === 0 ? this.#freePort(isTaken) : port };
    const socket = new SimulatedDatagramSocket(this.#world, this, addr, handler);
    this.#sockets.add(socket);
    return Promise.resolve(socket);
  };

  readonly connectStream = (
    address: Address,
    { signal }: ConnectStreamOptions = {},
  ): Promise<StreamSocket> => {
    const { hostname } = address;
    if (!isIpv4(hostname) && !isIpv6(hostname)) {
      const message = `hostname must be an IP literal, got "${hostname}"`;
      return Promise.reject(new RangeError(message));
    }
    const failure = openingError(this.#socketFailure, "stream");
    if (failure !== undefined) return Promise.reject(failure);
    const port = this.#freePort((port) => this.#streams.isTaken(port));
    return this.#streams.connect({ hostname: this.#address, port }, address, signal);
  };

  readonly listenStream = (
    { hostname, port }: Address,
    handler: StreamHandler,
  ): Promise<StreamListener> => {
    const failure = openingError(this.#socketFailure, "listener") ??
      this.#whyNotBind(hostname, port, (port) => this.#streams.isListening(port));
    if (failure !== undefined) return Promise.reject(failure);
    const free = () => this.#freePort((port) => this.#streams.isTaken(port));
    const addr = { hostname: this.#address, port: port === 0 ? free() : port };
    return Promise.resolve(this.#streams.listen(addr, handler));
  };

  /**
   * The event loop of the node stands still: alarms and datagrams wait. Of the latter a socket's
   * receive buffer holds so many; the rest is dropped.
   *
   * @param time How long, ms, from now on.
   */
  stall(time: number): void {
    if (!(time >= 0 && time < Infinity)) {
      throw new RangeError(`time must be a finite time of at least 0 ms, got ${time}`);
    }
    this.#stalledUntil = Math.max(this.#stalledUntil, this.now() + time);
  }

  /** When the event loop goes on; in the past when it does not stand still, ms. */
  get stalledUntil(): number {
    return this.#stalledUntil;
  }

  /** The system refuses what sockets ask for, until this is called without anything. */
  failSockets(failure?: SocketFailure): void {
    this.#socketFailure = failure;
  }

  /** Why sockets fail now; `undefined`: they do not. */
  get socketFailure(): SocketFailure | undefined {
    return this.#socketFailure;
  }

  /** Whether somebody who asks for a stream can be accepted now. */
  get canAccept(): boolean {
    return this.#socketFailure !== "EMFILE";
  }

  /** The wall clock is set forward, or back; the monotonic one goes on as before. */
  stepWallClock(seconds: number): void {
    if (!Number.isFinite(seconds)) {
      throw new RangeError(`seconds must be a finite number, got ${seconds}`);
    }
    this.#clockStep += seconds;
  }

  /**
   * A NAT in front of the node forgets: its packets come from new ports, and what is sent to the old
   * ones is lost. A stream is cut by it, when the other end refuses what comes from the new one.
   */
  rebind(): void {
    for (const socket of this.#sockets) {
      socket.move({ hostname: this.#address, port: this.#nextRebound++ });
    }
    this.#streams.rebind(() => this.#nextRebound++);
  }

  /** Somebody on the way cuts all byte streams: each end is told that the other one has. */
  cutStreams(): void {
    this.#streams.cut();
  }

  /**
   * The node goes into another network: its packets come from a new address, and what is sent to the
   * old one is lost. The conditions of its paths stay. Its streams end when their timers say so.
   *
   * @param address By default one that nobody has had.
   */
  roam(address: string = this.#world.freeAddress()): void {
    this.#world.moveNode(this, address);
    this.#address = address;
    for (const socket of this.#sockets) {
      socket.move({ hostname: address, port: socket.outside.port });
    }
  }

  /** Calls the program, now or when the event loop runs again. */
  call(run: () => void): void {
    const { clock } = this.#world;
    if (clock.now < this.#stalledUntil) clock.at(this.#stalledUntil, () => this.call(run));
    else {
      this.#world.onCallOut();
      run();
    }
  }

  /** From a stream: it sends. What comes from an address that the node has left goes nowhere. */
  sendSegment(bytes: Uint8Array, from: Address, to: Address): void {
    if (from.hostname === this.#address) this.#world.sendSegment(bytes, this, from, to);
  }

  /** From the network: bytes of a stream have arrived. */
  receiveSegment(bytes: Uint8Array, from: Address, to: Address): void {
    this.#streams.receive(bytes, from, to);
  }

  /** From a socket: it was closed. */
  onClosed(socket: SimulatedDatagramSocket): void {
    this.#sockets.delete(socket);
  }

  #ringsAt(at: number): number {
    if (this.#hasExactTimers) return at;
    const now = this.now();
    const lateness = ALARM_LATENESS * this.#lateness.at(this.#alarms++);
    return now + Math.ceil(Math.max(0, at - now) / ALARM_GRAIN) * ALARM_GRAIN + lateness;
  }

  #whyNotBind(
    hostname: string,
    port: number,
    isTaken: (port: number) => boolean,
  ): Error | undefined {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      return new RangeError(`port must be an integer from 0 to 65,535, got ${port}`);
    }
    const where = formatAddress({ hostname, port });
    if (hostname !== "0.0.0.0" && hostname !== "::" && hostname !== this.#address) {
      if (!isIpv4(hostname) && !isIpv6(hostname)) {
        return new RangeError(`hostname must be an IP literal, got "${hostname}"`);
      }
      const message = `cannot bind ${where}: the node's address is ${this.#address}`;
      return new SosistabError("socket-failed", message);
    }
    if (port > 0 && isTaken(port)) {
      return new SosistabError("address-in-use", `cannot bind ${where}: the address is in use`);
    }
  }

  #freePort(isTaken: (port: number) => boolean): number {
    while (isTaken(this.#nextPort)) this.#nextPort++;
    return this.#nextPort++;
  }

  #isDatagramPort(port: number): boolean {
    for (const socket of this.#sockets) if (socket.addr.port === port) return true;
    return false;
  }
}
