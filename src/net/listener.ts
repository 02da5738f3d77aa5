/**
 * A server's socket.
 *
 * Each datagram is tried on the sessions of the address it came from, and then as a handshake.
 * Whatever it is, it cannot end the listener: what does not open is counted and dropped, and so are
 * the socket's errors.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { portableX25519 } from "../crypto/keys.ts";
import { SosistabError } from "../errors.ts";
import { Responder, type Resume } from "../handshake/responder.ts";
import type { DatagramHandler, DatagramSocket, Host } from "../host.ts";
import { INITIAL_RTT, RttEstimator } from "../mux/rtt.ts";
import { Random } from "../random.ts";
import { MOST_PACKET_RECEIVED, SessionMachine } from "../session/machine.ts";
import type { Link } from "../transport/link.ts";
import { UdpLink } from "../transport/udp_link.ts";
import type { Listener, ListenerStats, ListenOptions, Session, WaitOptions } from "./contract.ts";
import { SessionDriver } from "./driver.ts";
import { checkKey, checkLimit, checkPort, checkRepair, checkTime } from "./options.ts";
import { Route } from "./route.ts";
import { Routes } from "./routes.ts";
import { DrivenSession } from "./session.ts";
import type { SessionPath } from "./session_path.ts";
import { Tombstones } from "./tombstones.ts";
import { Waiters } from "./waiters.ts";

// Tuning.

/** How long a session may hear nothing, ms. */
const IDLE_TIMEOUT = 600_000;

/** Sessions open at the same time: at some 20 KB each, a third of a gigabyte. */
const MOST_SESSIONS = 16_384;

/** Sessions waiting to be accepted: a program that does not accept for so long is stuck. */
const MOST_BACKLOG = 1_024;

/** All addresses of both families. */
const ANY = "::";

/**
 * Listens for clients that know the public key.
 *
 * @param host The world to run in.
 * @returns The listener. Rejects with `address-in-use`, `permission-denied`, `name-not-found` or
 * `socket-failed`.
 */
export async function listen(host: Host, options: ListenOptions): Promise<Listener> {
  const { hostname = "", port = 0, secretKey, limits = {}, signal } = options;
  checkPort(port, 0);
  checkKey("secretKey", secretKey);
  checkTime("idleTimeout", options.idleTimeout ?? IDLE_TIMEOUT);
  checkRepair(options.repair);
  checkLimit("limits.sessions", limits.sessions ?? MOST_SESSIONS);
  checkLimit("limits.backlog", limits.backlog ?? MOST_BACKLOG);
  signal?.throwIfAborted();
  const listener = new DrivenListener(host, options);
  await listener.bind({ hostname, port });
  if (signal?.aborted) {
    await listener.close();
    throw signal.reason;
  }
  signal?.addEventListener("abort", () => void listener.close(), { once: true });
  return listener;
}

/** A {@linkcode Listener} on a datagram socket. */
class DrivenListener implements Listener, DatagramHandler {
  readonly #host: Host;
  readonly #options: ListenOptions;
  readonly #random: Random;
  readonly #responder: Responder;
  readonly #routes = new Routes();
  readonly #tombstones = new Tombstones();
  readonly #queue: DrivenSession[] = [];
  readonly #acceptors = new Waiters<Session>();
  readonly #answerMemory = new Uint8Array(MOST_PACKET_RECEIVED);
  #socket: DatagramSocket | undefined;
  #isClosed = false;
  #stats = {
    packetsProcessed: 0,
    packetsFailed: 0,
    packetsReplayed: 0,
    handshakes: 0,
    droppedBySessionLimit: 0,
    droppedByBacklog: 0,
    sendsDropped: 0,
    socketErrors: 0,
  };

  constructor(host: Host, options: ListenOptions) {
    this.#host = host;
    this.#options = options;
    this.#random = new Random(host.random);
    this.#responder = new Responder({
      secretKey: options.secretKey,
      x25519: host.x25519 ?? portableX25519(host.random),
      random: this.#random,
    }, host.now());
  }

  /** Opens the socket. */
  async bind({ hostname, port }: Address): Promise<void> {
    if (hostname !== "") {
      const [ip] = await this.#host.resolve(hostname);
      this.#socket = await this.#host.bindDatagram({ hostname: ip ?? hostname, port }, this);
      return;
    }
    try {
      this.#socket = await this.#host.bindDatagram({ hostname: ANY, port }, this);
    } catch (error) {
      if (!(error instanceof SosistabError) || error.code !== "socket-failed") throw error;
      // A machine without IPv6.
      this.#socket = await this.#host.bindDatagram({ hostname: "0.0.0.0", port }, this);
    }
  }

  get addr(): Address {
    return this.#socket!.addr;
  }

  get publicKey(): Uint8Array {
    return this.#responder.publicKey;
  }

  // deno-lint-ignore require-await -- what it throws must be a rejection
  async accept({ signal }: WaitOptions = {}): Promise<Session> {
    signal?.throwIfAborted();
    const session = this.#queue.shift();
    if (session !== undefined) return session;
    if (this.#isClosed) throw CLOSED;
    return this.#acceptors.wait(signal);
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Session> {
    for (;;) {
      let session: Session;
      try {
        session = await this.accept();
      } catch (error) {
        if (this.#isClosed) return;
        throw error;
      }
      yield session;
    }
  }

  stats(): ListenerStats {
    return {
      ...this.#stats,
      sessionsOpen: this.#routes.size,
      sessionsQueued: this.#queue.length,
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const sessions = [...this.#routes.values()].map((route) => route.session?.close());
    await Promise.all(sessions);
    this.#queue.length = 0;
    this.#acceptors.rejectAll(CLOSED);
    this.#socket?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  onDatagram(datagram: Uint8Array, from: Address): void {
    if (this.#socket !== undefined) this.#handle(datagram, new UdpLink(this.#socket, from));
  }

  onError(): void {
    this.#stats.socketErrors++;
  }

  #handle(datagram: Uint8Array, link: Link): void {
    this.#stats.packetsProcessed++;
    this.#options.onReceive?.(datagram.length, link.address);
    if (!this.#isTaken(datagram, link)) this.#handleHandshake(datagram, link);
  }

  /** Whether a datagram belongs to a session. */
  #isTaken(datagram: Uint8Array, link: Link): boolean {
    for (const route of this.#routes.candidates(link)) {
      const { driver } = route;
      const outcome = driver?.handleDatagram(datagram) ?? "foreign";
      if (driver === undefined || outcome === "foreign") continue;
      const { length } = datagram;
      // The answers must go where this came from, unless somebody held it back or repeats it.
      if (outcome === "newest") this.#onHeard(route, driver, link, length);
      if (outcome === "replayed") this.#stats.packetsReplayed++;
      driver.flush();
      return true;
    }
    return false;
  }

  #onHeard(route: Route, driver: SessionDriver, link: Link, length: number): void {
    const { toldHighest: highReceived, lastFrame } = driver.options.session;
    const sign = { length, highReceived, lastFrame };
    if (this.#routes.onHeard(route, link, sign, this.#host.now())) driver.onMoved();
  }

  #handleHandshake(datagram: Uint8Array, link: Link): void {
    const now = this.#host.now();
    const outcome = this.#responder.handleDatagram(
      datagram,
      this.#answerMemory,
      now,
      this.#host.epochSeconds(),
    );
    switch (outcome.kind) {
      case "answer":
        this.#stats.handshakes++;
        this.#send(this.#answerMemory.subarray(0, outcome.length), link);
        return;
      case "resume":
        this.#handleResume(outcome.resume, datagram.length, link, now);
        return;
      case "replayed":
        this.#stats.packetsReplayed++;
        return;
      case "ignored":
        this.#stats.packetsFailed++;
        return;
    }
  }

  #handleResume(resume: Resume, length: number, link: Link, now: number): void {
    const { tokenId, shardId } = resume;
    if (this.#tombstones.has(tokenId, now)) {
      this.#stats.packetsReplayed++;
      return;
    }
    const known = this.#routes.get(tokenId);
    if (known !== undefined) {
      this.#routes.bind(known, shardId, link, length, now);
      known.driver?.onResume();
      return;
    }
    const secret = this.#responder.openToken(resume, now);
    if (secret === undefined) {
      this.#stats.packetsFailed++;
      return;
    }
    if (!this.#hasRoomForSession()) return;
    const route = new Route(tokenId);
    this.#routes.add(route);
    this.#routes.bind(route, shardId, link, length, now);
    this.#open(route, secret);
  }

  #hasRoomForSession(): boolean {
    const { sessions = MOST_SESSIONS, backlog = MOST_BACKLOG } = this.#options.limits ?? {};
    if (this.#routes.size >= sessions) this.#stats.droppedBySessionLimit++;
    else if (this.#queue.length >= backlog) this.#stats.droppedByBacklog++;
    else return true;
    return false;
  }

  #open(route: Route, secret: Uint8Array): void {
    const host = this.#host;
    const driver = new SessionDriver({
      host,
      role: "server",
      session: new SessionMachine({
        role: "server",
        secret,
        random: this.#random,
        createCipher: host.createCipher?.bind(host),
      }),
      random: this.#random,
      rtt: new RttEstimator(INITIAL_RTT),
      idleTimeout: this.#options.idleTimeout ?? IDLE_TIMEOUT,
      repair: this.#options.repair ?? {},
      path: this.#pathOf(route),
    });
    route.driver = driver;
    const session = new DrivenSession(driver, () => route.address);
    route.session = session;
    session.closed.then(() => {
      this.#routes.remove(route);
      this.#tombstones.add(route.tokenId, host.now());
      const at = this.#queue.indexOf(session);
      if (at >= 0) this.#queue.splice(at, 1);
    });
    if (!this.#acceptors.resolveFirst(session)) this.#queue.push(session);
  }

  #pathOf(route: Route): SessionPath {
    return {
      get address() {
        return route.address;
      },
      get carrier() {
        return route.carrier;
      },
      get isFull() {
        return route.isFull;
      },
      send: (packet, _isQuestion, now) => {
        const link = route.choose(packet.length, this.#random, now);
        return link !== undefined && this.#send(packet, link);
      },
      refresh() {},
      deadline: Infinity,
      handleTimeout: () => false,
      close() {},
    };
  }

  #send(packet: Uint8Array, link: Link): boolean {
    const isSent = link.send(packet);
    if (isSent) this.#options.onSend?.(packet.length, link.address);
    else this.#stats.sendsDropped++;
    return isSent;
  }
}

const CLOSED = new SosistabError("closed", "the listener was closed");
