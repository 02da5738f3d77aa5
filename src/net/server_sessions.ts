/**
 * A listener's sessions: what becomes of each datagram, over whatever link it has come.
 *
 * Each is tried on the sessions of its link, which come first, and then given to those who look after
 * strangers. Whatever it is, it cannot end the listener: what does not open is counted and dropped.
 *
 * The first packet of a new session may say that it goes on with another one, and prove it; then that
 * one takes the new keys, and its streams notice nothing.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import { formatHex } from "../bytes.ts";
import type { Responder } from "../handshake/responder.ts";
import type { Host } from "../host.ts";
import { INITIAL_RTT, RttEstimator } from "../mux/rtt.ts";
import type { Random } from "../random.ts";
import {
  MOST_PACKET_RECEIVED,
  type PacketOutcome,
  type SessionMachine,
} from "../session/machine.ts";
import { reportFault, tellProgram } from "../transport/fault.ts";
import type { Link } from "../transport/link.ts";
import { SessionDriver } from "./driver.ts";
import type { ListenOptions } from "./listen_contract.ts";
import type { ResolvedLimits } from "./listen_limits.ts";
import { IDLE_TIMEOUT } from "./options.ts";
import { Route } from "./route.ts";
import { RoutePath, type RoutePathOwner } from "./route_path.ts";
import { Routes } from "./routes.ts";
import { createServerCounts, type ServerCounts } from "./server_counts.ts";
import { DrivenSession } from "./session.ts";
import { claimedName, provesClaim } from "./session_claim.ts";
import { sharedMemory } from "./session_memory.ts";
import { type Beginning, Strangers, type StrangersOwner } from "./strangers.ts";
import { Tombstones } from "./tombstones.ts";

/** What the sessions need of their listener. */
export interface SessionsOwner {
  /** Sessions that wait to be accepted. */
  readonly backlog: number;
  /** A session has begun. */
  onSession(session: DrivenSession): void;
  /** A session has ended. */
  onEnd(session: DrivenSession): void;
}

/** The sessions of one listener. */
export class ServerSessions implements StrangersOwner {
  /** What has been counted. */
  readonly counts: ServerCounts = createServerCounts();
  /** What they hold together, and may. */
  readonly memory: ByteBudget;
  readonly #host: Host;
  readonly #options: ListenOptions;
  readonly #limits: ResolvedLimits;
  readonly #owner: SessionsOwner;
  readonly #random: Random;
  readonly #pathOwner: RoutePathOwner;
  /** Who looks after all others. */
  readonly strangers: Strangers;
  readonly #routes = new Routes();
  readonly #tombstones: Tombstones;
  readonly #answerMemory = new Uint8Array(MOST_PACKET_RECEIVED);

  constructor(
    host: Host,
    options: ListenOptions,
    limits: ResolvedLimits,
    responder: Responder,
    random: Random,
    owner: SessionsOwner,
  ) {
    this.#host = host;
    this.#options = options;
    this.#limits = limits;
    this.memory = sharedMemory(host, limits.bytes);
    this.#owner = owner;
    this.#random = random;
    this.#pathOwner = { random, send: (packet, link) => this.send(packet, link) };
    this.#tombstones = new Tombstones(options.secretKey);
    this.strangers = new Strangers(
      { host, options, limits, responder, random, counts: this.counts },
      this,
    );
  }

  /** Sessions that have begun and not ended. */
  get size(): number {
    return this.#routes.size;
  }

  /** Tokens that were shown, and whose sessions have not begun. */
  get candidates(): number {
    return this.strangers.candidates;
  }

  /** A datagram has come; it is opened in place. */
  handleDatagram(datagram: Uint8Array, link: Link): void {
    this.counts.packetsProcessed++;
    const { onReceive } = this.#options;
    if (onReceive !== undefined) tellProgram(() => onReceive(datagram.length, link.address));
    if (this.candidates > 0) this.#guard(undefined, () => this.strangers.settle(link));
    for (const route of this.#routes.candidates(link)) {
      if (this.#guard(route, () => this.#tryRoute(route, datagram, link))) return;
    }
    this.#guard(undefined, () => this.strangers.handleDatagram(datagram, link));
  }

  /** Links have room again, or have lost what was on its way. */
  onLinkChange(link: Link, isCut: boolean): void {
    for (const route of this.#routes.at(link.key)) {
      this.#guard(route, () => {
        if (isCut) route.driver?.onMoved();
        route.driver?.flush();
      });
    }
  }

  /** Lets nobody in any more, and each session end with its last stream; settles when all have. */
  async drain(): Promise<void> {
    this.strangers.close();
    await Promise.all([...this.#routes.values()].map(({ driver }) => {
      driver?.drain();
      return driver?.gone;
    }));
  }

  /** Ends all sessions. */
  cut(): void {
    for (const { session } of this.#routes.values()) void session?.close();
  }

  isGood(tokenId: string, issuedAt: number, now: number): boolean {
    const isGood = issuedAt >= this.#tombstones.goodSince && !this.#tombstones.has(tokenId, now);
    if (!isGood) this.counts.packetsReplayed++;
    return isGood;
  }

  bind(tokenId: string, shardId: number, link: Link, length: number, now: number): boolean {
    const route = this.#routes.get(tokenId);
    if (route !== undefined) this.#routes.bind(route, shardId, link, length, now);
    return route !== undefined;
  }

  isPeer(key: string): boolean {
    return this.#routes.at(key).some((route) => route.isAt(key));
  }

  onResume(tokenId: string): void {
    this.#routes.get(tokenId)?.driver?.onResume();
  }

  begin(beginning: Beginning, link: Link): boolean {
    const { tokenId, isFor, session, outcome, shardId, resumeLength, packetLength } = beginning;
    if (this.#refuse(beginning, link)) return false;
    const claimed = this.#findClaimed(session);
    if (claimed === undefined && !this.#hasRoom()) return false;
    const route = new Route(tokenId, isFor);
    this.#routes.add(route);
    this.#routes.bind(route, shardId, link, resumeLength, this.#host.now());
    this.#guard(route, () => {
      if (claimed?.driver !== undefined) {
        this.#goOver(claimed, route, session);
        claimed.driver.replace({ session, path: claimed.driver.path }, true);
      }
      const driver = claimed?.driver ?? this.#open(route, session);
      driver.handleOpened(outcome);
      driver.onResume();
      this.#onOpened(route, outcome, packetLength, link);
    });
    return true;
  }

  send(packet: Uint8Array, link: Link): boolean {
    const isSent = link.send(packet);
    const { onSend } = this.#options;
    if (!isSent) this.counts.sendsDropped++;
    else if (onSend !== undefined) tellProgram(() => onSend(packet.length, link.address));
    return isSent;
  }

  /** The one guard around all that comes over a link: see `transport/fault.ts`. */
  #guard<T>(route: Route | undefined, what: () => T): T | true {
    try {
      return what();
    } catch (cause) {
      const error = reportFault(this.#host, cause);
      const driver = (route?.heir ?? route)?.driver;
      if (driver === undefined) this.counts.faults++;
      else driver.end({ by: "error", error });
      if (route !== undefined && driver === undefined) this.#routes.remove(route);
      return true;
    }
  }

  /** Whether a datagram belongs to the session of a route; then it has been taken. */
  #tryRoute(route: Route, datagram: Uint8Array, link: Link): boolean {
    const outcome = route.driver?.handleDatagram(datagram) ?? "foreign";
    if (outcome === "foreign") return false;
    this.#onOpened(route, outcome, datagram.length, link);
    return true;
  }

  /** A session has opened a datagram. */
  #onOpened(route: Route, outcome: PacketOutcome, length: number, link: Link): void {
    this.#letGoOver(route);
    // It may have become part of another session.
    const heir = route.heir ?? route;
    // The answers must go where this came from, unless somebody held it back or repeats it.
    if (outcome === "newest") this.#onHeard(heir, length, link);
    if (heir.onAnswered()) heir.driver?.onMoved();
    if (outcome === "replayed") {
      this.counts.packetsReplayed++;
      if (this.#routes.onRepeated(heir, link, this.#host.now())) heir.driver?.onMoved();
    }
    heir.driver?.flush();
  }

  #onHeard(route: Route, length: number, link: Link): void {
    const { driver } = route;
    if (driver === undefined) return;
    const { toldHighest: highReceived, lastFrame } = driver.session;
    const sign = { length, highReceived, lastFrame };
    if (this.#routes.onHeard(route, link, sign, this.#host.now())) driver.onMoved();
  }

  #hasRoom(): boolean {
    const { sessions, backlog } = this.#limits;
    if (this.size >= sessions) this.counts.droppedBySessionLimit++;
    else if (this.#owner.backlog >= backlog) this.counts.droppedByBacklog++;
    else return true;
    return false;
  }

  /** Whether the new session claims to go on with one that has ended; then its client is told. */
  #refuse({ tokenId, session }: Beginning, link: Link): boolean {
    const { claim } = session.acquaintance;
    if (claim === undefined) return false;
    const now = this.#host.now();
    const name = claimedName(claim);
    if (this.#openNamed(name) !== undefined || !this.#tombstones.has(name, now)) return false;
    session.acquaintance.setAnswer("ended");
    const length = session.encodeReport(this.#answerMemory, now);
    this.send(this.#answerMemory.subarray(0, length), link);
    // Its keys have sealed a packet; with another beginning they would count their nonces anew.
    this.#tombstones.add(tokenId, now);
    return true;
  }

  /** The session that a new one claims, and proves, to go on with. */
  #findClaimed(session: SessionMachine): Route | undefined {
    const { claim } = session.acquaintance;
    if (claim === undefined) return undefined;
    const name = claimedName(claim);
    const claimed = this.#openNamed(name);
    // It may have been replaced since, and its client has not heard of that.
    const identity = claimed?.identities.get(name);
    const isProven = identity !== undefined &&
      provesClaim(claim, identity, session.identity.name);
    session.acquaintance.setAnswer(isProven ? "yes" : "unknown");
    if (claimed === undefined || !isProven) return undefined;
    this.#routes.onNamed(claimed, name);
    return claimed;
  }

  /** The session of that name, unless it has ended and only says goodbye still. */
  #openNamed(name: string): Route | undefined {
    const route = this.#routes.named(name);
    return route?.driver?.closure === undefined ? route : undefined;
  }

  /** A client's program may let another session go on in one that has begun long ago. */
  #letGoOver({ driver, heir }: Route): void {
    const { claim, hasAnswered } = driver?.session.acquaintance ?? {};
    if (driver === undefined || claim === undefined || hasAnswered || heir !== undefined) return;
    // One that has ended says goodbye, and takes nobody's place.
    if (driver.closure !== undefined) return;
    const claimed = this.#findClaimed(driver.session)?.driver;
    if (claimed !== driver) claimed?.takeOver(driver);
  }

  /** A session goes on where another route leads, which led to the new one. */
  #goOver(route: Route, other: Route, { identity }: SessionMachine): void {
    this.#tombstones.add(route.tokenId, this.#host.now());
    this.#routes.continueIn(route, other);
    this.#routes.name(route, identity);
    other.heir = route;
  }

  #open(route: Route, session: SessionMachine): SessionDriver {
    const path = new RoutePath(route, this.#pathOwner);
    const driver = new SessionDriver({
      host: this.#host,
      role: "server",
      inherit: (name) => {
        const other = this.#routes.named(formatHex(name));
        if (other?.driver !== undefined) this.#goOver(route, other, other.driver.session);
        return path;
      },
      random: this.#random,
      rtt: new RttEstimator(INITIAL_RTT),
      idleTimeout: this.#options.idleTimeout ?? IDLE_TIMEOUT,
      repair: this.#options.repair ?? {},
      limits: this.#limits.perSession,
      memory: this.memory,
    }, { session, path });
    route.driver = driver;
    this.#routes.name(route, session.identity);
    const program = new DrivenSession(driver);
    route.session = program;
    program.closed.then(({ by, error }) => {
      if (error?.code === "internal-fault") this.counts.faults++;
      this.#owner.onEnd(program);
      if (route.heir !== undefined) return;
      this.#tombstones.add(route.tokenId, this.#host.now());
      // Whoever was silent for too long, because he slept, may go on: nobody wanted the end.
      if (by === "timeout") return;
      for (const name of route.identities.keys()) this.#tombstones.add(name, this.#host.now());
    });
    driver.gone.then(() => {
      if (route.heir === undefined) this.#routes.remove(route);
    });
    this.#owner.onSession(program);
    return driver;
  }
}
