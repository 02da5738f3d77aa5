/**
 * A network under virtual time.
 *
 * Nodes are joined by paths, one for each ordered pair, each a link with conditions of its own. A
 * path may also lead through links that it shares with others: a bottleneck in the middle, between
 * what is peculiar to each flow.
 *
 *     node -> shared links ahead -> the pair's own link -> shared links behind -> node
 *
 * Nothing in it knows the time of day or draws a random number: the same seed and the same program
 * give the same run, to the byte.
 *
 * @module
 */
import { type Address, isIpv4, isIpv6 } from "../address.ts";
import { VirtualClock } from "./clock.ts";
import type { LinkConditions } from "./conditions.ts";
import type { NetworkOptions, NodeName, NodeOptions, Route, SimulatedNetwork } from "./contract.ts";
import type { SimulatedDatagramSocket } from "./datagram_socket.ts";
import { type Deliver, Link } from "./link.ts";
import { VirtualNode } from "./node.ts";
import { type Macrotask, RunLoop } from "./run_loop.ts";
import { TraceHash } from "./trace_hash.ts";
import type { World } from "./world.ts";

// Tuning.

/** What the wall clocks show at the beginning, seconds since 1970: some day in 2025. */
const EPOCH_SECONDS = 1_750_000_000;

/** How long a run may last, ms, unless something else is said. */
const USUAL_LIMIT = 60_000;

/** A {@linkcode SimulatedNetwork}. */
export class VirtualNetwork implements SimulatedNetwork {
  readonly clock: VirtualClock = new VirtualClock();
  readonly #loop: RunLoop;
  readonly #conditions: LinkConditions;
  readonly #hash = new TraceHash();
  readonly #world: World;
  readonly #nodes = new Map<string, VirtualNode>();
  readonly #nodeAt = new Map<string, VirtualNode>();
  readonly #sockets = new Map<string, Map<number, SimulatedDatagramSocket>>();
  readonly #paths = new Map<VirtualNode, Map<VirtualNode, Path>>();
  #addresses = 0;
  #bottlenecks = 0;
  #unroutable = 0;

  /**
   * @param macrotask Calls a function in a new turn of the real event loop.
   * @throws RangeError where a setting makes no sense.
   */
  constructor(macrotask: Macrotask, options: NetworkOptions = {}) {
    const { seed = 1, conditions = {}, crypto = "real", timers = "coarse" } = options;
    const { epochSeconds = EPOCH_SECONDS } = options;
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be an integer, got ${seed}`);
    if (crypto !== "real" && crypto !== "none") {
      throw new RangeError(`crypto must be "real" or "none", got ${String(crypto)}`);
    }
    if (!(epochSeconds >= 0 && epochSeconds < Infinity)) {
      throw new RangeError(
        `epochSeconds must be a finite time of at least 0 s, got ${epochSeconds}`,
      );
    }
    if (timers !== "coarse" && timers !== "exact") {
      throw new RangeError(`timers must be "coarse" or "exact", got ${String(timers)}`);
    }
    this.#loop = new RunLoop(this.clock, macrotask);
    this.#conditions = conditions;
    this.#world = {
      clock: this.clock,
      seed,
      timers,
      epochSeconds,
      isUnencrypted: crypto === "none",
      log: options.log,
      onCallOut: () => this.#loop.onCallOut(),
      addressOf: (name) => this.#nodes.get(name)?.address,
      freeAddress: () => this.#freeAddress(),
      moveNode: (node, address) => this.#moveNode(node, address),
      bind: (address, socket) => this.#bind(address, socket),
      send: (datagram, from, to) => this.#send(datagram, from, to),
      sendSegment: (bytes, node, from, to) => this.#sendSegment(bytes, node, from, to),
    };
    // Bad conditions are refused here and now.
    new Link(this.clock, seed, conditions);
  }

  get now(): number {
    return this.clock.now;
  }

  get seed(): number {
    return this.#world.seed;
  }

  get traceHash(): string {
    return this.#hash.toString();
  }

  get openSockets(): number {
    let count = 0;
    for (const node of this.#nodes.values()) count += node.openSockets;
    return count;
  }

  get unroutable(): number {
    return this.#unroutable;
  }

  addNode(name: string, options: NodeOptions = {}): VirtualNode {
    if (this.#nodes.has(name)) throw new RangeError(`there is a node called "${name}" already`);
    const address = options.address ?? this.#freeAddress();
    this.#assertFree(address);
    const node = new VirtualNode(this.#world, name, address, options);
    this.#nodes.set(name, node);
    this.#nodeAt.set(address, node);
    return node;
  }

  node(name: string): VirtualNode {
    return this.#node(name);
  }

  path(from: NodeName, to: NodeName): Link {
    return this.#pathOf(this.#node(from), this.#node(to)).own;
  }

  addBottleneck(conditions: LinkConditions): Link {
    return new Link(this.clock, `${this.seed}/bottleneck/${this.#bottlenecks++}`, conditions);
  }

  route(from: NodeName, to: NodeName, route: Route): void {
    this.#pathOf(this.#node(from), this.#node(to)).reroute(route);
  }

  at(time: number, run: () => void): Disposable {
    return this.clock.at(time, () => {
      this.#loop.onCallOut();
      run();
    });
  }

  run<T>(promise: Promise<T>, limit: number = USUAL_LIMIT): Promise<T> {
    return this.#loop.run(promise, limit);
  }

  pass(time: number): Promise<void> {
    return this.#loop.pass(time);
  }

  inject(datagram: Uint8Array, from: Address, to: Address): void {
    const copy = datagram.slice();
    this.clock.at(this.now, () => this.#arrive(copy, from, to));
  }

  #node(node: NodeName): VirtualNode {
    const name = typeof node === "string" ? node : node.name;
    const found = this.#nodes.get(name);
    if (found === undefined) throw new RangeError(`there is no node called "${name}"`);
    return found;
  }

  #pathOf(from: VirtualNode, to: VirtualNode): Path {
    let paths = this.#paths.get(from);
    if (paths === undefined) this.#paths.set(from, paths = new Map());
    let path = paths.get(to);
    if (path === undefined) {
      // What a node sends to itself crosses no network.
      const conditions = from === to ? {} : this.#conditions;
      const seed = `${this.seed}/path/${from.name}/${to.name}`;
      path = new Path(new Link(this.clock, seed, conditions));
      paths.set(to, path);
    }
    return path;
  }

  #send(datagram: Uint8Array, from: SimulatedDatagramSocket, to: Address): void {
    const node = this.#nodeAt.get(to.hostname);
    if (node === undefined) {
      this.#unroutable++;
      return;
    }
    const { outside } = from;
    const path = this.#pathOf(from.node, node);
    if (path.blocksDatagrams) return;
    path.sendDatagram(datagram, (arrived) => this.#arrive(arrived, outside, to));
  }

  #sendSegment(bytes: Uint8Array, node: VirtualNode, from: Address, to: Address): void {
    const target = this.#nodeAt.get(to.hostname);
    if (target === undefined) {
      this.#unroutable++;
      return;
    }
    this.#pathOf(node, target).send(bytes, (arrived) => {
      this.#addToHash(arrived, from, to);
      this.#nodeAt.get(to.hostname)?.receiveSegment(arrived, from, to);
    });
  }

  #arrive(datagram: Uint8Array, from: Address, to: Address): void {
    const socket = this.#sockets.get(to.hostname)?.get(to.port);
    if (socket === undefined) return;
    this.#addToHash(datagram, from, to);
    socket.receive(datagram, from);
  }

  #addToHash(bytes: Uint8Array, from: Address, to: Address): void {
    this.#hash.addNumber(this.clock.now);
    this.#hash.addAddress(from);
    this.#hash.addAddress(to);
    this.#hash.addBytes(bytes);
  }

  #bind({ hostname, port }: Address, socket: SimulatedDatagramSocket | undefined): void {
    let sockets = this.#sockets.get(hostname);
    if (sockets === undefined) this.#sockets.set(hostname, sockets = new Map());
    if (socket === undefined) sockets.delete(port);
    else sockets.set(port, socket);
  }

  #moveNode(node: VirtualNode, address: string): void {
    this.#assertFree(address);
    this.#nodeAt.delete(node.address);
    this.#nodeAt.set(address, node);
  }

  #assertFree(address: string): void {
    if (!isIpv4(address) && !isIpv6(address)) {
      throw new RangeError(`address must be an IP literal, got "${address}"`);
    }
    const owner = this.#nodeAt.get(address);
    if (owner !== undefined) throw new RangeError(`${address} is the address of ${owner.name}`);
  }

  #freeAddress(): string {
    for (;;) {
      const number = ++this.#addresses;
      const address = `10.0.${number >>> 8}.${number & 255}`;
      if (!this.#nodeAt.has(address)) return address;
    }
  }
}

/** The way from one node to another. */
class Path {
  readonly own: Link;
  #links: readonly Link[];
  #datagramLinks: readonly Link[];

  constructor(own: Link) {
    this.own = own;
    this.#links = this.#datagramLinks = [own];
  }

  reroute({ ahead = [], behind = [], datagrams = [] }: Route): void {
    this.#links = [...ahead, this.own, ...behind];
    this.#datagramLinks = [...datagrams, ...this.#links];
  }

  get blocksDatagrams(): boolean {
    return this.#datagramLinks.some((link) => link.blocksDatagrams);
  }

  send(packet: Uint8Array, deliver: Deliver): void {
    forward(this.#links, 0, packet, deliver);
  }

  sendDatagram(datagram: Uint8Array, deliver: Deliver): void {
    forward(this.#datagramLinks, 0, datagram, deliver);
  }
}

function forward(links: readonly Link[], at: number, packet: Uint8Array, deliver: Deliver): void {
  const isLast = at === links.length - 1;
  links[at]!.send(
    packet,
    isLast ? deliver : (arrived) => forward(links, at + 1, arrived, deliver),
  );
}
