/**
 * The client's way to a session.
 *
 * A name may have several addresses: hellos go to the first few of them at once, through one socket
 * for each family, and the first true answer decides. The session then lives on the socket that the
 * answer came to; the others are closed.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import { portableX25519 } from "../crypto/keys.ts";
import { SosistabError } from "../errors.ts";
import { Initiator } from "../handshake/initiator.ts";
import { Resumer } from "../handshake/resumer.ts";
import type { Host } from "../host.ts";
import { INITIAL_RTT, RttEstimator } from "../mux/rtt.ts";
import { Random } from "../random.ts";
import { MOST_PACKET_RECEIVED, SessionMachine } from "../session/machine.ts";
import type { Link, LinkHandler } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";
import { ClientPath, type OwnLink } from "./client_path.ts";
import type { ConnectOptions, Session } from "./contract.ts";
import { SessionDriver } from "./driver.ts";
import { checkHostname, checkKey, checkPort, checkRepair, checkTime } from "./options.ts";
import { DrivenSession } from "./session.ts";
import { openUdpLinks } from "./udp_links.ts";

// Tuning.

/** How long to ask for an answer, ms. */
const TIMEOUT = 30_000;

/** How long a session may be silent, ms. */
const IDLE_TIMEOUT = 600_000;

/** Addresses of a name that are tried: both families, and one that may be down in each. */
const MOST_ADDRESSES = 4;

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
  return await attempt.run(targets);
}

/** One connecting. */
class Attempt implements LinkHandler {
  readonly #host: Host;
  readonly #options: ConnectOptions & { timeout: number; idleTimeout: number };
  readonly #initiator: Initiator;
  readonly #random: Random;
  readonly #alarm: Alarm;
  readonly #startedAt: number;
  readonly #memory = new Uint8Array(MOST_PACKET_RECEIVED);
  readonly #settled = Promise.withResolvers<Session>();
  #links: readonly OwnLink[] = [];
  #driver: SessionDriver | undefined;
  #path: ClientPath | undefined;
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

  /** Asks until there is an answer, or no hope for one. */
  async run(addresses: readonly Address[]): Promise<Session> {
    const { signal } = this.#options;
    this.#links = await openUdpLinks(this.#host, addresses, this);
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

  onDatagram(datagram: Uint8Array, link: Link): void {
    const host = this.#host;
    if (this.#driver !== undefined) {
      const outcome = this.#driver.handleDatagram(datagram);
      this.#path?.onHeard(link, outcome, host.now());
      if (outcome !== "foreign") this.#driver.flush();
      return;
    }
    if (this.#isOver) return;
    this.#initiator.handleDatagram(datagram, host.epochSeconds());
    const event = this.#initiator.pollEvent();
    if (event?.kind === "established") this.#establish(event.secret, event.resumeToken, link);
  }

  onRoom(): void {
    this.#driver?.flush();
  }

  onCut(): void {}

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
    if (length > 0) { for (const link of this.#links) link.send(this.#memory.subarray(0, length)); }
    this.#alarm.set(this.#initiator.deadline);
  }

  #establish(secret: Uint8Array, resumeToken: Uint8Array, from: Link): void {
    const { serverKey, idleTimeout, repair = {}, stats } = this.#options;
    const host = this.#host;
    const now = host.now();
    const link = this.#links.find((each) => each === from) ?? this.#links[0]!;
    this.#finish(link);
    // After several hellos nobody knows which one was answered.
    const firstRtt = this.#initiator.hellos === 1 ? now - this.#startedAt : INITIAL_RTT;
    const rtt = new RttEstimator(Math.max(1, firstRtt));
    const resumer = new Resumer({ serverKey, resumeToken, shardId: 0, random: this.#random }, now);
    const epochSeconds = () => host.epochSeconds();
    this.#path = new ClientPath({ rtt, epochSeconds }, [{ link, resumer }]);
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
      rtt,
      idleTimeout,
      repair,
      ...(stats === undefined ? {} : { stats }),
      path: this.#path,
    });
    this.#settled.resolve(new DrivenSession(this.#driver, () => link.address));
  }

  #fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#finish(undefined);
    this.#settled.reject(reason);
  }

  #finish(kept: OwnLink | undefined): void {
    this.#isOver = true;
    this.#alarm.cancel();
    for (const link of this.#links) if (link !== kept) link.close();
  }
}
