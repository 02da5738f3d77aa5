/**
 * A server's socket, which makes sessions of the clients that know its key.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { portableX25519 } from "../crypto/keys.ts";
import { SosistabError } from "../errors.ts";
import { Responder } from "../handshake/responder.ts";
import type { DatagramHandler, DatagramSocket, Host, StreamListener } from "../host.ts";
import { Random } from "../random.ts";
import { StreamServer } from "../transport/stream_server.ts";
import { UdpLink } from "../transport/udp_link.ts";
import type { Session, WaitOptions } from "./contract.ts";
import type { DrainOptions, Listener, ListenerStats, ListenOptions } from "./listen_contract.ts";
import { type ResolvedLimits, resolveLimits } from "./listen_limits.ts";
import { Authorization, AUTHORIZE_TIMEOUT } from "./authorization.ts";
import { HelloMemory } from "./hello_memory.ts";
import { checkKey, checkPort, checkRepair, checkTime, IDLE_TIMEOUT } from "./options.ts";
import { ServerSessions, type SessionsOwner } from "./server_sessions.ts";
import { ListenerEnd } from "./listener_end.ts";
import type { DrivenSession } from "./session.ts";
import { Waiters } from "./waiters.ts";

// Tuning.

/** Ports that are tried until one is free for UDP and for TCP: most are. */
const MOST_ATTEMPTS = 20;

/** All addresses of both families. */
const ANY = "::";

/**
 * Listens for clients that know the public key.
 *
 * @param host The world to run in.
 * @returns The listener. Rejects with `address-in-use`, `permission-denied`, `name-not-found` or
 * `socket-failed`, and with what the replay store rejects with.
 */
export async function listen(host: Host, options: ListenOptions): Promise<Listener> {
  const { hostname = "", port = 0, secretKey, signal } = options;
  checkPort(port, 0);
  checkKey("secretKey", secretKey);
  checkTime("idleTimeout", options.idleTimeout ?? IDLE_TIMEOUT);
  checkTime("authorizeTimeout", options.authorizeTimeout ?? AUTHORIZE_TIMEOUT);
  checkRepair(options.repair);
  const limits = resolveLimits(options.limits);
  const { udp = true, tcp = false, tls } = options;
  if (!udp && !tcp) {
    throw new TypeError("udp or tcp must be on: there is nothing else to listen to");
  }
  if (tls !== undefined && !tcp) throw new TypeError("TLS is spoken over TCP: tcp must be on");
  signal?.throwIfAborted();
  const hellos = await HelloMemory.open(host, options);
  const listener = new DrivenListener(host, options, limits, hellos);
  await listener.bind({ hostname, port });
  if (signal?.aborted) {
    await listener.close();
    throw signal.reason;
  }
  signal?.addEventListener("abort", listener.onAbort);
  return listener;
}

/** A {@linkcode Listener}. */
class DrivenListener implements Listener, DatagramHandler, SessionsOwner {
  readonly #host: Host;
  readonly #responder: Responder;
  readonly #sessions: ServerSessions;
  readonly #queue: DrivenSession[] = [];
  readonly #acceptors = new Waiters<Session>();
  readonly #options: ListenOptions;
  readonly #hellos: HelloMemory;
  readonly #streams: StreamServer;
  readonly #authorization: Authorization;
  #socket: DatagramSocket | undefined;
  #streamListener: StreamListener | undefined;
  #socketErrors = 0;
  readonly #end: ListenerEnd;

  constructor(host: Host, options: ListenOptions, limits: ResolvedLimits, hellos: HelloMemory) {
    this.#host = host;
    this.#hellos = hellos;
    const random = new Random(host.random);
    const isFresh = hellos.isFresh.bind(hellos);
    this.#responder = new Responder({
      secretKey: options.secretKey,
      x25519: host.x25519 ?? portableX25519(host.random),
      random,
      isFresh,
    });
    this.#sessions = new ServerSessions(host, options, limits, this.#responder, random, this);
    this.#options = options;
    this.#authorization = new Authorization(host, options, (session) => this.#offer(session));
    const { secretKey } = options;
    this.#streams = new StreamServer({
      host,
      keyPair: { secretKey, publicKey: this.#responder.publicKey },
      x25519: host.x25519 ?? portableX25519(host.random),
      random,
      isFresh,
      handler: {
        onDatagram: (datagram, link) => this.#sessions.handleDatagram(datagram, link),
        onRoom: (link) => this.#sessions.onLinkChange(link, false),
        onCut: (link) => this.#sessions.onLinkChange(link, true),
      },
      limits: {
        silent: limits.silentStreams,
        silentPerNetwork: limits.silentStreamsPerNetwork,
        proven: limits.streams,
      },
      admission: this.#sessions.strangers,
    });
    this.#end = new ListenerEnd({
      host,
      drain: () => {
        this.#acceptors.rejectAll(CLOSED);
        return this.#sessions.drain();
      },
      cut: () => this.#sessions.cut(),
      release: () => this.#release(),
    });
  }

  /** Its signal was aborted. */
  readonly onAbort = (): void => void this.close();

  /** Opens the sockets. */
  async bind({ hostname, port }: Address): Promise<void> {
    if (hostname !== "") {
      const [ip] = await this.#host.resolve(hostname);
      return await this.#bindAt({ hostname: ip ?? hostname, port });
    }
    try {
      await this.#bindAt({ hostname: ANY, port });
    } catch (error) {
      if (!(error instanceof SosistabError) || error.code !== "socket-failed") throw error;
      // A machine without IPv6.
      await this.#bindAt({ hostname: "0.0.0.0", port });
    }
  }

  /** Both sockets have one port; when any will do, one must be found that is free for both. */
  async #bindAt({ hostname, port }: Address): Promise<void> {
    const { udp = true, tcp = false } = this.#options;
    for (let attempt = 1;; attempt++) {
      if (udp) this.#socket = await this.#host.bindDatagram({ hostname, port }, this);
      if (!tcp) return;
      try {
        await this.#listenAt({ hostname, port: this.#socket?.addr.port ?? port });
        return;
      } catch (error) {
        this.#socket?.close();
        this.#socket = undefined;
        const isTaken = error instanceof SosistabError && error.code === "address-in-use";
        if (!isTaken || port !== 0 || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  async #listenAt(address: Address): Promise<void> {
    const { tls } = this.#options;
    const options = tls === undefined ? {} : { tls };
    if (this.#host.listenStream === undefined) {
      throw new SosistabError("socket-failed", "this host has no byte streams");
    }
    this.#streamListener = await this.#host.listenStream(address, this.#streams, options);
  }

  get addr(): Address {
    return (this.#socket ?? this.#streamListener)!.addr;
  }

  get publicKey(): Uint8Array {
    return this.#responder.publicKey;
  }

  get backlog(): number {
    return this.#queue.length + this.#authorization.asked;
  }

  async accept({ signal }: WaitOptions = {}): Promise<Session> {
    signal?.throwIfAborted();
    const session = this.#queue.shift();
    if (session !== undefined) return session;
    if (this.#end.hasBegun) throw CLOSED;
    return await this.#acceptors.wait(signal);
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Session> {
    for (;;) {
      let session: Session;
      try {
        session = await this.accept();
      } catch (error) {
        if (this.#end.hasBegun) return;
        throw error;
      }
      yield session;
    }
  }

  stats(): ListenerStats {
    return {
      ...this.#sessions.counts,
      packetDrops: { ...this.#sessions.counts.packetDrops },
      socketErrors: this.#socketErrors,
      sessionsOpen: this.#sessions.size,
      sessionsQueued: this.backlog,
      candidates: this.#sessions.candidates,
      droppedByAuthorize: this.#authorization.refused,
      bytesHeld: this.#sessions.memory.used,
      droppedByMemoryLimit: this.#sessions.memory.refusals,
      hellos: this.#hellos.stats(),
      streams: this.#options.tcp ? this.#streams.stats() : undefined,
    };
  }

  close(options: DrainOptions = {}): Promise<void> {
    return this.#end.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #release(): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.onAbort);
    this.#socket?.close();
    this.#streamListener?.close();
    this.#streams.close();
    await Promise.all([this.#hellos.close(), this.#socket?.closed]);
  }

  onDatagram(datagram: Uint8Array, from: Address): void {
    if (this.#socket === undefined) return;
    this.#sessions.handleDatagram(datagram, new UdpLink(this.#socket, from));
  }

  onError(): void {
    this.#socketErrors++;
  }

  onSession(session: DrivenSession): void {
    if (this.#options.authorize === undefined) this.#offer(session);
    else void this.#authorization.decide(session);
  }

  #offer(session: DrivenSession): void {
    if (!this.#acceptors.resolveFirst(session)) this.#queue.push(session);
  }

  onEnd(session: DrivenSession): void {
    const at = this.#queue.indexOf(session);
    if (at >= 0) this.#queue.splice(at, 1);
  }
}

const CLOSED = new SosistabError("closed", "the listener was closed");
