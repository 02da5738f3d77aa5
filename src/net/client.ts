/**
 * The client's way to a session.
 *
 * A name may have several addresses: hellos go to the first few of them at once, through one socket
 * for each family, and the first true answer decides. The session then lives on the socket that the
 * answer came to; the others are closed.
 *
 * @module
 */
import { type Address, formatAddress, isIpv6 } from "../address.ts";
import { portableX25519 } from "../crypto/keys.ts";
import { SosistabError } from "../errors.ts";
import { Initiator } from "../handshake/initiator.ts";
import { Resumer } from "../handshake/resumer.ts";
import type { DatagramHandler, DatagramSocket, Host } from "../host.ts";
import { INITIAL_RTT, RttEstimator } from "../mux/rtt.ts";
import { Random } from "../random.ts";
import { MOST_PACKET_RECEIVED, SessionMachine } from "../session/machine.ts";
import { Alarm } from "./alarm.ts";
import type { ConnectOptions, Session } from "./contract.ts";
import { SessionDriver } from "./driver.ts";
import { checkHostname, checkKey, checkPort, checkRepair, checkTime } from "./options.ts";
import { DrivenSession } from "./session.ts";

// Tuning.

/** How long to ask for an answer, ms. */
const TIMEOUT = 30_000;

/** How long a session may be silent, ms. */
const IDLE_TIMEOUT = 600_000;

/** Addresses of a name that are tried: both families, and one that may be down in each. */
const MOST_ADDRESSES = 4;

/** An address to ask, and the socket for it. */
interface Candidate {
  readonly address: Address;
  readonly socket: DatagramSocket;
}

/**
 * Connects to a server.
 *
 * @param host The world to run in.
 * @returns The session, as soon as the server has proved that it has the secret key. Rejects with
 * `no-answer`, `name-not-found`, a socket's error, or the reason of the signal.
 */
export async function connect(host: Host, options: ConnectOptions): Promise<Session> {
  const { hostname, port, serverKey, signal } = options;
  const { timeout = TIMEOUT, idleTimeout = IDLE_TIMEOUT } = options;
  checkHostname(hostname);
  checkPort(port, 1);
  checkKey("serverKey", serverKey);
  checkTime("timeout", timeout);
  checkTime("idleTimeout", idleTimeout);
  checkRepair(options.repair);
  signal?.throwIfAborted();
  const addresses = await host.resolve(hostname);
  signal?.throwIfAborted();
  const attempt = new Attempt(host, { ...options, timeout, idleTimeout });
  const targets = addresses.slice(0, MOST_ADDRESSES).map((ip) => ({ hostname: ip, port }));
  await attempt.bind(targets);
  return await attempt.run();
}

/** One connecting. */
class Attempt implements DatagramHandler {
  readonly #host: Host;
  readonly #options: ConnectOptions & { timeout: number; idleTimeout: number };
  readonly #candidates: Candidate[] = [];
  readonly #initiator: Initiator;
  readonly #random: Random;
  readonly #alarm: Alarm;
  readonly #startedAt: number;
  readonly #memory = new Uint8Array(MOST_PACKET_RECEIVED);
  readonly #settled = Promise.withResolvers<Session>();
  #driver: SessionDriver | undefined;
  #isOver = false;

  constructor(host: Host, options: ConnectOptions & { timeout: number; idleTimeout: number }) {
    this.#host = host;
    this.#options = options;
    this.#random = new Random(host.random);
    this.#alarm = new Alarm(host, () => this.#advance());
    this.#startedAt = host.now();
    this.#initiator = new Initiator({
      serverKey: options.serverKey,
      x25519: host.x25519 ?? portableX25519(host.random),
      random: this.#random,
      giveUpAt: this.#startedAt + options.timeout,
    }, this.#startedAt);
  }

  /** Opens a socket for each family that there is a target of. */
  async bind(targets: readonly Address[]): Promise<void> {
    const sockets = new Map<string, DatagramSocket>();
    let failure: unknown;
    for (const address of targets) {
      const any = isIpv6(address.hostname) ? "::" : "0.0.0.0";
      try {
        const socket = sockets.get(any) ??
          await this.#host.bindDatagram({ hostname: any, port: 0 }, this);
        sockets.set(any, socket);
        this.#candidates.push({ address, socket });
      } catch (error) {
        // A machine without IPv6 can still reach the other addresses.
        failure = error;
      }
    }
    if (this.#candidates.length === 0) throw failure;
  }

  /** Asks until there is an answer, or no hope for one. */
  async run(): Promise<Session> {
    const { signal } = this.#options;
    const onAbort = () => this.#fail(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else this.#advance();
    try {
      return await this.#settled.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  onDatagram(datagram: Uint8Array, from: Address): void {
    if (this.#driver !== undefined) {
      if (this.#driver.handleDatagram(datagram) !== "foreign") this.#driver.flush();
      return;
    }
    if (this.#isOver) return;
    this.#initiator.handleDatagram(datagram, this.#host.epochSeconds());
    const event = this.#initiator.pollEvent();
    if (event?.kind === "established") this.#establish(event.secret, event.resumeToken, from);
  }

  onError(): void {
    // An ICMP answer can be forged, and a server that restarts causes honest ones: only time tells.
  }

  #advance(): void {
    if (this.#isOver) return;
    const now = this.#host.now();
    this.#initiator.handleTimeout(now);
    if (this.#initiator.pollEvent()?.kind === "failed") {
      const { hostname, port, timeout } = this.#options;
      const where = formatAddress({ hostname, port });
      this.#fail(
        new SosistabError("no-answer", `no answer from ${where} in ${timeout / 1000} s`),
      );
      return;
    }
    const length = this.#initiator.pollTransmit(this.#memory, now, this.#host.epochSeconds());
    if (length > 0) {
      const hello = this.#memory.subarray(0, length);
      for (const { address, socket } of this.#candidates) socket.send(hello, address);
    }
    this.#alarm.set(this.#initiator.deadline);
  }

  #establish(secret: Uint8Array, resumeToken: Uint8Array, from: Address): void {
    const { serverKey, idleTimeout, repair = {}, stats } = this.#options;
    const host = this.#host;
    const now = host.now();
    const chosen =
      this.#candidates.find(({ address }) => formatAddress(address) === formatAddress(from)) ??
        this.#candidates[0]!;
    this.#finish(chosen.socket);
    // After several hellos nobody knows which one was answered.
    const rtt = this.#initiator.hellos === 1 ? now - this.#startedAt : INITIAL_RTT;
    this.#driver = new SessionDriver({
      host,
      role: "client",
      session: new SessionMachine({
        role: "client",
        secret,
        random: this.#random,
        createCipher: host.createCipher?.bind(host),
      }),
      random: this.#random,
      rtt: new RttEstimator(Math.max(1, rtt)),
      resumer: new Resumer({ serverKey, resumeToken, shardId: 0, random: this.#random }, now),
      idleTimeout,
      repair,
      ...(stats === undefined ? {} : { stats }),
      transmit: (packet) => chosen.socket.send(packet, chosen.address),
    });
    const session = new DrivenSession(this.#driver, () => chosen.address);
    session.closed.then(() => chosen.socket.close());
    this.#settled.resolve(session);
  }

  #fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#finish(undefined);
    this.#settled.reject(reason);
  }

  #finish(kept: DatagramSocket | undefined): void {
    this.#isOver = true;
    this.#alarm.cancel();
    for (const { socket } of this.#candidates) {
      if (socket !== kept) socket.close();
    }
  }
}
