/**
 * What tests of programs see of the simulator. Types only.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { Host } from "../host.ts";
import type { VirtualClock } from "./clock.ts";
import type { LinkConditions } from "./conditions.ts";
import type { Link } from "./link.ts";
import type { SocketFailure } from "./socket_failure.ts";

/** Settings of a network. */
export interface NetworkOptions {
  /** Decides everything that is left to chance: an integer; 1 by default. */
  readonly seed?: number;
  /** Of every path, unless its own are changed. */
  readonly conditions?: LinkConditions;
  /**
   * `"real"`, the default, or `"none"`: session packets are not encrypted at all, which is several
   * times as fast. Their lengths stay, and damage and strangers are still noticed.
   */
  readonly crypto?: "real" | "none";
  /** The alarms of all nodes, unless theirs are set: see {@linkcode NodeOptions}. */
  readonly timers?: "coarse" | "exact";
  /** What the wall clocks show at the beginning, seconds since 1970; some day in 2025 by default. */
  readonly epochSeconds?: number;
  /**
   * Given a {@linkcode PacketLogEntry} as a line of JSON, without a line feed, for each datagram that
   * a node sends or is given, and each packet of a session in its byte streams. The run is the same
   * with it and without.
   */
  readonly log?: (line: string) => void;
}

/** Settings of a node. */
export interface NodeOptions {
  /** Its IP address; by default 10.0.0.1 for the first node, and so on. */
  readonly address?: string;
  /**
   * When alarms ring: `"coarse"`, the default, as on real runtimes, at whole milliseconds and up to
   * one later; `"exact"`, just when they should.
   */
  readonly timers?: "coarse" | "exact";
}

/** Shared links that a path leads through besides the pair's own. */
export interface Route {
  /** In this order before the own link. */
  readonly ahead?: readonly Link[];
  /** In this order after it. */
  readonly behind?: readonly Link[];
  /** Before all others, in this order, and for datagrams alone: who throttles UDP stands there. */
  readonly datagrams?: readonly Link[];
}

/** A node, or its name. */
export type NodeName = SimulatedNode | string;

/** A machine of a simulated network. It is a {@linkcode Host}: pass it to `connect` and `listen`. */
export interface SimulatedNode extends Host {
  /** Its name, which resolves to its address. */
  readonly name: string;

  /** The IP address under which its packets come now. */
  readonly address: string;

  /** Sockets that are open: of datagrams, listeners, and streams until both ends have said so. */
  readonly openSockets: number;

  /** Connects a byte stream: see {@linkcode Host}. */
  readonly connectStream: NonNullable<Host["connectStream"]>;

  /** Listens for byte streams: see {@linkcode Host}. */
  readonly listenStream: NonNullable<Host["listenStream"]>;

  /**
   * The event loop of the node stands still: alarms and datagrams wait. Of the latter a socket's
   * receive buffer holds 212,992 bytes; the rest is dropped. Streams go on below the program.
   *
   * @param time How long, ms, from now on.
   */
  stall(time: number): void;

  /**
   * The system refuses what sockets ask for, until this is called without anything: no socket opens,
   * datagrams are dropped, errors are told. Byte streams that are open go on.
   */
  failSockets(failure?: SocketFailure): void;

  /** The wall clock is set forward, or back; the monotonic one goes on as before. */
  stepWallClock(seconds: number): void;

  /**
   * A NAT in front of the node forgets: its packets come from new ports, and what is sent to the old
   * ones is lost. A stream is cut by it, when the other end refuses what comes from the new one.
   */
  rebind(): void;

  /**
   * Somebody on the way cuts all byte streams of the node, as some firewalls do: each end is told that
   * the other one has.
   */
  cutStreams(): void;

  /**
   * The node goes into another network: its packets come from a new address, and what is sent to the
   * old one is lost. The conditions of its paths stay. Its streams end when their timers say so.
   *
   * @param address By default one that nobody has had.
   */
  roam(address?: string): void;
}

/**
 * A network under virtual time.
 *
 * Nodes are joined by paths, one for each ordered pair, each a link with conditions of its own. A
 * path may also lead through links that it shares with others: a bottleneck in the middle, between
 * what is peculiar to each flow.
 */
export interface SimulatedNetwork {
  /** Virtual time itself, for what needs no promise. */
  readonly clock: VirtualClock;

  /** Virtual time, ms since the network was made. */
  readonly now: number;

  /** The seed. */
  readonly seed: number;

  /** A hash over the time, the addresses and the bytes of all that has been delivered: 16 digits. */
  readonly traceHash: string;

  /** Sockets that are open at all nodes. */
  readonly openSockets: number;

  /** Packets that were sent to an address that no node has. */
  readonly unroutable: number;

  /** Adds a node. */
  addNode(name: string, options?: NodeOptions): SimulatedNode;

  /** The node of a name. */
  node(name: string): SimulatedNode;

  /**
   * The pair's own link in one direction: its conditions, which may be changed, and its counters.
   * What a node sends to itself has no conditions at first.
   */
  path(from: NodeName, to: NodeName): Link;

  /** Makes a link that several paths may share; {@linkcode SimulatedNetwork.route} uses it. */
  addBottleneck(conditions: LinkConditions): Link;

  /** Leads a path through shared links, from the next packet on, and through no others. */
  route(from: NodeName, to: NodeName, route: Route): void;

  /**
   * Does something at a time, ms, as part of the run: changes conditions, lets a node roam.
   *
   * @returns Disposing it takes it back.
   */
  at(time: number, run: () => void): Disposable;

  /**
   * Lets virtual time pass until a promise has settled.
   *
   * Time passes only while somebody waits in `run` or `pass`, as fast as the machine can. A program
   * in it must wait for nothing outside of the simulation, such as files or real timers.
   *
   * @param limit Virtual time that may pass, ms; a minute by default.
   * @returns What the promise gives. Rejects with the {@linkcode SosistabError} `time-limit` when it
   * has not settled by then, and with whatever an alarm or a handler of a program threw.
   */
  run<T>(promise: Promise<T>, limit?: number): Promise<T>;

  /** Lets so much virtual time pass, ms. Rejects with what an alarm or a handler threw. */
  pass(time: number): Promise<void>;

  /**
   * Hands a node a datagram at once, as if it had come from an address: what a forger can do, who
   * may name any sender.
   */
  inject(datagram: Uint8Array, from: Address, to: Address): void;
}
