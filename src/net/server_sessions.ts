/**
 * A listener's sessions: what becomes of each datagram, over whatever link it has come.
 *
 * Each is tried on the sessions of its link, and then as a handshake. Whatever it is, it cannot end
 * the listener: what does not open is counted and dropped.
 *
 * A resume makes a candidate, which turns into a session with its first packet: anybody may have
 * copied the resume, but nobody else has the key. That packet may say that the session goes on with
 * another one, and prove it; then that one takes the new keys, and its streams notice nothing.
 *
 * @module
 */
import { formatHex } from "../bytes.ts";
import { Responder, type Resume } from "../handshake/responder.ts";
import type { Host } from "../host.ts";
import { INITIAL_RTT, RttEstimator } from "../mux/rtt.ts";
import type { Random } from "../random.ts";
import { MOST_PACKET_RECEIVED, type PacketOutcome, SessionMachine } from "../session/machine.ts";
import type { Link } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";
import type { ListenOptions } from "./listen_contract.ts";
import { SessionDriver } from "./driver.ts";
import { IDLE_TIMEOUT } from "./options.ts";
import { Route } from "./route.ts";
import { Routes } from "./routes.ts";
import { DrivenSession } from "./session.ts";
import { claimedName, provesClaim } from "./session_claim.ts";
import type { SessionPath } from "./session_path.ts";
import { Tombstones } from "./tombstones.ts";

// Tuning.

/** How long a candidate may take to say its first word, ms: ten round trips of the worst paths. */
const CANDIDATE_AGE = 10_000;

/** Candidates at the most: a resume costs its sender a handshake, so honest ones are few. */
const MOST_CANDIDATES = 4_096;

/**
 * Sessions open at the same time. One that says little takes 25 to 40 KB, so all of them half a
 * gigabyte; one that has moved much takes up to 500 KB, most of it bodies that parity may ask for, and
 * one whose program does not receive up to a MiB of messages more.
 */
export const MOST_SESSIONS = 16_384;

/** Sessions waiting to be accepted: a program that does not accept for so long is stuck. */
export const MOST_BACKLOG = 1_024;

/** What the sessions need of their listener. */
export interface SessionsOwner {
  /** Sessions that wait to be accepted. */
  readonly backlog: number;
  /** A session has begun. */
  onSession(session: DrivenSession): void;
  /** A session has ended. */
  onEnd(session: DrivenSession): void;
}

/** What a listener counts. */
export interface ServerCounts {
  packetsProcessed: number;
  packetsFailed: number;
  packetsReplayed: number;
  handshakes: number;
  droppedBySessionLimit: number;
  droppedByBacklog: number;
  sendsDropped: number;
}

/** The sessions of one listener. */
export class ServerSessions {
  /** What has been counted. */
  readonly counts: ServerCounts = {
    packetsProcessed: 0,
    packetsFailed: 0,
    packetsReplayed: 0,
    handshakes: 0,
    droppedBySessionLimit: 0,
    droppedByBacklog: 0,
    sendsDropped: 0,
  };
  readonly #host: Host;
  readonly #options: ListenOptions;
  readonly #owner: SessionsOwner;
  readonly #random: Random;
  readonly #responder: Responder;
  readonly #routes = new Routes();
  readonly #tombstones = new Tombstones();
  /** When each candidate is given up; oldest first. */
  readonly #candidates = new Map<Route, number>();
  readonly #alarm: Alarm;
  readonly #answerMemory = new Uint8Array(MOST_PACKET_RECEIVED);
  #isClosed = false;

  constructor(
    host: Host,
    options: ListenOptions,
    responder: Responder,
    random: Random,
    owner: SessionsOwner,
  ) {
    this.#host = host;
    this.#options = options;
    this.#owner = owner;
    this.#random = random;
    this.#responder = responder;
    this.#alarm = new Alarm(host, () => this.#forgetCandidates());
  }

  /** Sessions that have begun and not ended. */
  get size(): number {
    return this.#routes.size - this.#candidates.size;
  }

  /** A datagram has come; it is opened in place. */
  handleDatagram(datagram: Uint8Array, link: Link): void {
    // The sockets close after the sessions: none shall begin that nobody ends.
    if (this.#isClosed) return;
    this.counts.packetsProcessed++;
    this.#options.onReceive?.(datagram.length, link.address);
    for (const route of this.#routes.candidates(link)) {
      const outcome = route.driver === undefined
        ? this.#tryCandidate(route, datagram, link)
        : route.driver.handleDatagram(datagram);
      if (outcome === "foreign") continue;
      this.#letGoOver(route);
      // It may have become part of another session.
      const heir = route.heir ?? route;
      // The answers must go where this came from, unless somebody held it back or repeats it.
      if (outcome === "newest") this.#onHeard(heir, datagram.length, link);
      if (outcome === "replayed") this.counts.packetsReplayed++;
      heir.driver?.flush();
      return;
    }
    this.#handleHandshake(datagram, link);
  }

  /** Links have room again, or have lost what was on its way. */
  onLinkChange(link: Link, isCut: boolean): void {
    for (const { driver } of this.#routes.at(link.key)) {
      if (isCut) driver?.onMoved();
      driver?.flush();
    }
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#alarm.cancel();
    for (const candidate of this.#candidates.keys()) this.#routes.remove(candidate);
    this.#candidates.clear();
    await Promise.all([...this.#routes.values()].map(({ session }) => session?.close()));
  }

  #onHeard(route: Route, length: number, link: Link): void {
    const { driver } = route;
    if (driver === undefined) return;
    const { toldHighest: highReceived, lastFrame } = driver.session;
    const sign = { length, highReceived, lastFrame };
    if (this.#routes.onHeard(route, link, sign, this.#host.now())) driver.onMoved();
  }

  #handleHandshake(datagram: Uint8Array, link: Link): void {
    const host = this.#host;
    const now = host.now();
    const into = this.#answerMemory;
    const { hostname } = link.address;
    const epochSeconds = host.epochSeconds();
    const outcome = this.#responder.handleDatagram(datagram, hostname, into, now, epochSeconds);
    switch (outcome.kind) {
      case "answer":
        this.counts.handshakes++;
        this.#send(into.subarray(0, outcome.length), link);
        return;
      case "resume":
        this.#handleResume(outcome.resume, datagram.length, link, now);
        return;
      case "replayed":
        this.counts.packetsReplayed++;
        return;
      case "ignored":
        this.counts.packetsFailed++;
        return;
    }
  }

  #handleResume(resume: Resume, length: number, link: Link, now: number): void {
    const { tokenId, shardId } = resume;
    if (this.#tombstones.has(tokenId, now)) {
      this.counts.packetsReplayed++;
      return;
    }
    const known = this.#routes.get(tokenId);
    if (known !== undefined) {
      this.#routes.bind(known, shardId, link, length, now);
      known.driver?.onResume();
      return;
    }
    const token = this.#responder.openToken(resume, now);
    if (token === undefined) {
      this.counts.packetsFailed++;
      return;
    }
    if (!this.#hasRoom()) return;
    const { createCipher } = this.#host;
    const route = new Route(tokenId, token.isFor);
    route.candidate = new SessionMachine({
      role: "server",
      secret: token.secret,
      random: this.#random,
      createCipher: createCipher?.bind(this.#host),
    });
    this.#routes.add(route);
    this.#routes.bind(route, shardId, link, length, now);
    this.#candidates.set(route, now + CANDIDATE_AGE);
    if (this.#candidates.size === 1) this.#alarm.set(now + CANDIDATE_AGE);
  }

  #hasRoom(): boolean {
    const { sessions = MOST_SESSIONS, backlog = MOST_BACKLOG } = this.#options.limits ?? {};
    const waiting = this.#candidates.size;
    if (this.size + waiting >= sessions) this.counts.droppedBySessionLimit++;
    else if (this.#owner.backlog + waiting >= Math.min(backlog, MOST_CANDIDATES)) {
      this.counts.droppedByBacklog++;
    } else return true;
    return false;
  }

  #forgetCandidates(): void {
    const now = this.#host.now();
    for (const [route, until] of this.#candidates) {
      if (until > now) return this.#alarm.set(until);
      this.#candidates.delete(route);
      this.#routes.remove(route);
    }
  }

  /** The first packet makes a candidate a session, or lets another session go on in it. */
  #tryCandidate(route: Route, datagram: Uint8Array, link: Link): PacketOutcome {
    const session = route.candidate;
    if (session === undefined) return "foreign";
    const outcome = session.handleDatagram(datagram, this.#host.now());
    if (outcome === "foreign") return outcome;
    if (this.#refuse(session, link)) return outcome;
    this.#candidates.delete(route);
    route.candidate = undefined;
    const claimed = this.#findClaimed(session);
    if (claimed?.driver !== undefined) {
      this.#goOver(claimed, route, session);
      claimed.driver.replace({ session, path: claimed.driver.path }, true);
    }
    const driver = claimed?.driver ?? this.#open(route, session);
    driver.handleOpened(outcome);
    driver.onResume();
    return outcome;
  }

  /** Whether the new session claims to go on with one that has ended; then its client is told. */
  #refuse(session: SessionMachine, link: Link): boolean {
    const { claim } = session.acquaintance;
    const now = this.#host.now();
    if (claim === undefined || !this.#tombstones.has(claimedName(claim), now)) return false;
    session.acquaintance.setAnswer("ended");
    const length = session.encodeReport(this.#answerMemory, now);
    this.#send(this.#answerMemory.subarray(0, length), link);
    return true;
  }

  /** The session that a new one claims, and proves, to go on with. */
  #findClaimed(session: SessionMachine): Route | undefined {
    const { claim } = session.acquaintance;
    if (claim === undefined) return undefined;
    const name = claimedName(claim);
    const claimed = this.#routes.named(name);
    // It may have been replaced since, and its client has not heard of that.
    const identity = claimed?.identities.get(name);
    const isProven = identity !== undefined &&
      provesClaim(claim, identity, session.identity.name);
    session.acquaintance.setAnswer(isProven ? "yes" : "unknown");
    return isProven ? claimed : undefined;
  }

  /** A client's program may let another session go on in one that has begun long ago. */
  #letGoOver({ driver, heir }: Route): void {
    const { claim, hasAnswered } = driver?.session.acquaintance ?? {};
    if (driver === undefined || claim === undefined || hasAnswered || heir !== undefined) return;
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
    const path = this.#pathOf(route);
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
    }, { session, path });
    route.driver = driver;
    this.#routes.name(route, session.identity);
    const program = new DrivenSession(driver);
    route.session = program;
    program.closed.then(({ by }) => {
      this.#owner.onEnd(program);
      if (route.heir !== undefined) return;
      this.#routes.remove(route);
      this.#tombstones.add(route.tokenId, this.#host.now());
      // Whoever was silent for too long, because he slept, may go on: nobody wanted the end.
      if (by === "timeout") return;
      for (const name of route.identities.keys()) this.#tombstones.add(name, this.#host.now());
    });
    this.#owner.onSession(program);
    return driver;
  }

  #pathOf(route: Route): SessionPath {
    return {
      get address() {
        return route.address;
      },
      get carrier() {
        return route.carrier;
      },
      reason: undefined,
      get isFull() {
        return route.isFull;
      },
      wokeAt: -Infinity,
      isSought: false,
      prepare() {},
      send: (packet, now) => {
        const link = route.choose(packet.length, this.#random, now);
        return link !== undefined && this.#send(packet, link);
      },
      get deadline() {
        return route.deadline;
      },
      refresh() {},
      handleTimeout: (now) => route.handleTimeout(now),
      close() {},
    };
  }

  #send(packet: Uint8Array, link: Link): boolean {
    const isSent = link.send(packet);
    if (isSent) this.#options.onSend?.(packet.length, link.address);
    else this.counts.sendsDropped++;
    return isSent;
  }
}
