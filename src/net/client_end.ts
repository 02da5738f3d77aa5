/**
 * A client's end of a session, from the first hello on.
 *
 * It connects, and it keeps the session alive: when a question has not been answered for a while it
 * looks for the server again, beside all that the session itself does to be heard. An answer proves
 * that the server is there; if the session then stays silent still, the server has forgotten it, and
 * the answer's keys take its place. The first packet under them says which session they go on with:
 * a server that knows it after all (`server_sessions.ts`) lets its streams go on, and otherwise they
 * end, while the multiplex goes on with new ones.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { ServerClock } from "../handshake/server_clock.ts";
import type { Host } from "../host.ts";
import { INITIAL_RTT, RttEstimator } from "../mux/rtt.ts";
import { Random } from "../random.ts";
import { SessionMachine } from "../session/machine.ts";
import { type Carrier, isReliable, type Link } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";
import { openLinks } from "./carriers.ts";
import { CarrierChoice } from "./carrier_choice.ts";
import { ClientPath, type OwnLink } from "./client_path.ts";
import { ClientShards } from "./client_shards.ts";
import { noAnswer } from "./closure.ts";
import type { ConnectOptions, Session } from "./contract.ts";
import { SessionDriver } from "./driver.ts";
import { SearchKeys, type ServerFound, ServerSearch } from "./server_search.ts";
import { OpeningWatch } from "./opening_watch.ts";
import { DrivenSession } from "./session.ts";
import { StreamClockWalk } from "./stream_clock_walk.ts";
import type { ClientLinkHandler } from "./udp_links.ts";

// Tuning.

/**
 * How long the session has to answer once the server has proved to be there, before it counts as
 * forgotten: round trips, and ms for the ways of an operating system.
 */
const GRACE_RTTS = 2;
const GRACE = 100;

/** How long UDP has for itself before TCP joins the race, ms: one round trip of most paths. */
const HEAD_START = { least: 250, most: 400 };

/** How long an answer over a stream may take, ms, before it is asked again: it may have been cut. */
const STREAM_PATIENCE = 3_000;

/** Settings, complete. */
export interface ClientEndOptions extends ConnectOptions {
  readonly timeout: number;
  readonly idleTimeout: number;
}

/** A client's end. */
export class ClientEnd implements ClientLinkHandler {
  readonly #host: Host;
  readonly #options: ClientEndOptions;
  readonly #random: Random;
  readonly #settled = Promise.withResolvers<Session>();
  readonly #graceAlarm: Alarm;
  readonly #addresses: readonly Address[];
  #links: OwnLink[] = [];
  /** When a stream was asked last: it loses nothing, so one question is enough for a while. */
  readonly #askedAt = new WeakMap<Link, number>();
  #search: ServerSearch | undefined;
  readonly #searchKeys = new SearchKeys();
  /** Doubles with each replacement of a session that was not heard: the round trip may be far longer. */
  #patience = 1;
  #clock: ServerClock | undefined;
  #driver: SessionDriver | undefined;
  #path: ClientPath | undefined;
  #choice: CarrierChoice | undefined;
  readonly #headStart: Alarm;
  /** While nobody has answered: how streams open, and whether the server's clock is another one. */
  readonly #openings: OpeningWatch;
  #clockWalk: StreamClockWalk | undefined;
  /** When connecting began, and when it is given up. */
  readonly #startedAt: number;
  #giveUpAt = Infinity;
  readonly #shards: ClientShards;
  /** The answer that the session stands on. */
  #base: ServerFound | undefined;
  /** What the server has answered while the session was silent. */
  #found: ServerFound | undefined;
  #isOver = false;

  /** @param addresses Where the server may be, at least one. */
  constructor(host: Host, options: ClientEndOptions, addresses: readonly Address[]) {
    this.#host = host;
    this.#addresses = addresses;
    this.#options = options;
    this.#random = new Random(host.random);
    this.#graceAlarm = new Alarm(host, () => this.#replace());
    this.#headStart = new Alarm(host, () => void this.#joinRace());
    this.#startedAt = host.now();
    this.#openings = new OpeningWatch({
      onOpened: () => this.#planClockWalk(),
      onRefused: (error) => this.#fail(error),
    });
    this.#shards = new ClientShards({
      host,
      random: this.#random,
      options,
      base: () => this.#base!,
      openLike: async ({ carrier, address }) => {
        // A stream's address is the first of its addresses, which need not be the one that answers.
        const addresses = isReliable(carrier) ? this.#addresses : [address];
        return (await this.#openLinks(carrier, addresses))[0];
      },
    });
  }

  /** Asks until there is an answer, or no hope for one. */
  async connect(): Promise<Session> {
    const { signal, timeout, protocol = "udp" } = this.#options;
    const isAuto = protocol === "auto";
    if (isAuto) {
      const headStart = this.#random.between(HEAD_START.least, HEAD_START.most);
      this.#headStart.set(this.#host.now() + headStart);
    }
    try {
      const links = await this.#openLinks(isAuto ? "udp" : this.#carrierOf(protocol));
      // Where that took long TCP has joined already.
      this.#links.push(...links);
    } catch (error) {
      this.#headStart.cancel();
      // Where there are no sockets for datagrams there may be streams nevertheless.
      if (isAuto && this.#links.length === 0) await this.#joinRace();
      if (this.#links.length === 0) {
        this.#stop();
        throw error;
      }
    }
    const onAbort = () => this.#fail(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else {
      this.#giveUpAt = this.#host.now() + timeout;
      this.#startSearch(this.#giveUpAt);
    }
    try {
      return await this.#settled.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  onDatagram(datagram: Uint8Array, link: Link): void {
    const driver = this.#driver?.current;
    const outcome = driver?.handleDatagram(datagram) ?? "foreign";
    if (driver !== undefined && outcome !== "foreign") {
      this.#path?.onHeard(link, outcome, this.#host.now());
      const isProof = outcome === "newest" || outcome === "late";
      if (isProof && this.#path?.uses(link)) this.#onHeard();
      driver.flush();
      return;
    }
    const found = this.#search?.handleDatagram(datagram, link);
    if (found === undefined) return;
    this.#search = undefined;
    this.#clock = found.clock;
    if (driver === undefined) this.#establish(found);
    else this.#probe(found, driver);
  }

  onDoubt(): void {
    if (this.#path?.isAsking === false) this.#driver?.current.ask();
  }

  onRoom(): void {
    this.#driver?.current.flush();
  }

  onCut(link: Link): void {
    this.#askedAt.delete(link);
    this.#driver?.current.onMoved();
    this.onRoom();
  }

  #carrierOf(protocol: "udp" | "tcp" | "tls"): Carrier {
    return this.#options.connector !== undefined && protocol === "tcp" ? "stream" : protocol;
  }

  #openLinks(
    carrier: Carrier,
    addresses: readonly Address[] = this.#addresses,
    clockOffset = 0,
  ): Promise<OwnLink[]> {
    const host = this.#host;
    return openLinks(carrier, {
      host,
      random: this.#random,
      options: this.#options,
      addresses,
      handler: this,
      watch: this.#driver === undefined ? this.#openings : undefined,
      epochSeconds: () => {
        const own = host.epochSeconds();
        return this.#clock?.estimates(own, host.now())[0] ?? own + clockOffset;
      },
    });
  }

  /** UDP has not answered yet: TCP asks, too. */
  async #joinRace(): Promise<void> {
    try {
      const links = await this.#openLinks("tcp");
      if (this.#isOver || this.#driver !== undefined) return links.forEach((link) => link.close());
      this.#links.push(...links);
      this.#search?.askAgain();
    } catch {
      // This host has no streams: UDP alone must do.
    }
  }

  /** Somebody takes our streams: a server that does not answer may have another clock. */
  #planClockWalk(): void {
    const { protocol, connector } = this.#options;
    // A connector's streams may be dearer than anybody here knows.
    if (this.#isOver || this.#driver !== undefined || connector !== undefined) return;
    const host = this.#host;
    this.#clockWalk = new StreamClockWalk({
      host,
      random: this.#random,
      datagramsSince: protocol === "auto" ? this.#startedAt : undefined,
      // Whoever answers by anything else, or closes the connection, is no such server.
      isSilent: () => this.#links.every(({ lastError }) => lastError === undefined),
      openLink: async (offset) => {
        const carrier = protocol === "tls" ? "tls" : "tcp";
        return (await this.#openLinks(carrier, undefined, offset))[0]!;
      },
      onFound: (link, offset) => {
        this.#links.push(link);
        this.#clock = new ServerClock(offset, host.epochSeconds(), host.now());
        this.#search?.stop();
        this.#startSearch(this.#giveUpAt);
      },
    });
  }

  *#linksToAsk(isForOtherClock: boolean): Generator<Link> {
    const now = this.#host.now();
    const { shards, trial } = this.#path ?? {};
    const links = shards === undefined ? this.#links : shards.map(({ link }) => link);
    for (const link of trial === undefined ? links : [...links, trial.link]) {
      const askedAt = this.#askedAt.get(link) ?? -Infinity;
      const isEnough = isForOtherClock || now - askedAt < STREAM_PATIENCE;
      if (isReliable(link.carrier) && isEnough) continue;
      this.#askedAt.set(link, now);
      yield link;
    }
  }

  #startSearch(giveUpAt: number): void {
    this.#search = new ServerSearch({
      host: this.#host,
      random: this.#random,
      serverKey: this.#options.serverKey,
      keys: this.#searchKeys,
      clock: this.#clock,
      giveUpAt,
      links: (isForOtherClock) => this.#linksToAsk(isForOtherClock),
      onGivenUp: () => this.#fail(noAnswer(this.#options, this.#trouble)),
    });
    this.#search.advance();
  }

  /** Why no stream has led to the server. */
  get #trouble(): unknown {
    const errors = this.#links.map(({ lastError }) => lastError);
    return this.#openings.lastError ?? errors.find((error) => error !== undefined);
  }

  #establish(found: ServerFound): void {
    const { idleTimeout, repair = {}, stats } = this.#options;
    const host = this.#host;
    const link = this.#links.find((each) => each === found.link) ?? this.#links[0]!;
    for (const other of this.#links) if (other !== link) other.close();
    this.#links = [];
    this.#headStart.cancel();
    this.#clockWalk?.stop();
    this.#base = found;
    const rtt = new RttEstimator(Math.max(1, found.rtt ?? INITIAL_RTT));
    const path = this.#path = new ClientPath({
      rtt: () => this.#driver?.current.options.rtt ?? rtt,
      now: host.now(),
      epochSeconds: () => host.epochSeconds(),
      reason: () => this.#choice?.reason,
      isSearching: () => this.#search !== undefined,
      isOwnKind: () => this.#driver?.current.session.isOwnKind === true,
      onSilent: () => this.#onSilent(),
      onTrialHeard: () => this.#choice?.onTrialHeard(),
      onClose: () => this.#stop(),
    }, this.#shards.create(link));
    const driver = this.#driver = new SessionDriver({
      host,
      role: "client",
      random: this.#random,
      rtt,
      idleTimeout,
      repair,
      ...(stats === undefined ? {} : { stats }),
    }, { session: this.#createSession(found), path });
    const session = new DrivenSession(driver);
    if (this.#options.protocol === "auto") this.#choice = this.#createChoice(path, driver);
    void this.#shards.fill(path);
    this.#settled.resolve(session);
  }

  #createChoice(path: ClientPath, driver: SessionDriver): CarrierChoice {
    const addresses = this.#addresses;
    let turn = Math.max(0, addresses.indexOf(path.address));
    return new CarrierChoice({
      host: this.#host,
      random: this.#random,
      path,
      rtt: () => driver.current.options.rtt,
      session: () => driver.current.session,
      openShard: async (carrier) => {
        // One of a name's addresses may be dead over UDP: each has its turn, first the one in use.
        const tried = carrier === "udp" ? [addresses[turn++ % addresses.length]!] : addresses;
        return this.#shards.create((await this.#openLinks(carrier, tried))[0]!);
      },
      ask: () => driver.current.ask(),
      onTrial: () => this.onRoom(),
      onMoved: () => driver.current.onMoved(),
      onSwitch: () => {
        void this.#shards.fill(path);
        this.onRoom();
      },
    });
  }

  #createSession({ secret, extension }: ServerFound): SessionMachine {
    const host = this.#host;
    const session = new SessionMachine({
      role: "client",
      secret,
      random: this.#random,
      createCipher: host.createCipher?.bind(host),
    });
    session.acquaintance.onFrame(extension);
    return session;
  }

  /** A question has not been answered for a while. */
  #onSilent(): void {
    this.#choice?.onSilent();
    for (const { link } of this.#path?.shards ?? []) link.renew?.();
    if (this.#search === undefined && this.#found === undefined) this.#startSearch(Infinity);
  }

  /** The server is there: has it forgotten the session? */
  #probe(found: ServerFound, driver: SessionDriver): void {
    this.#found = found;
    const grace = GRACE + GRACE_RTTS * driver.options.rtt.smoothed;
    this.#graceAlarm.set(this.#host.now() + this.#patience * grace);
    driver.refresh();
  }

  /** The session was heard. */
  #onHeard(): void {
    this.#search?.stop();
    this.#search = this.#found = undefined;
    this.#graceAlarm.cancel();
    this.#patience = 1;
    this.#choice?.onHeard();
  }

  /** The session has stayed silent although the server is there: other keys take its place. */
  #replace(): void {
    const [found, driver, path] = [this.#found, this.#driver?.current, this.#path];
    if (found === undefined || driver === undefined || path === undefined) return;
    this.#found = undefined;
    this.#base = found;
    this.#patience *= 2;
    if (path.trial?.link === found.link) this.#choice?.use();
    path.onReplaced((shardId) => this.#shards.createResumer(shardId));
    driver.replace({ session: this.#createSession(found), path }, false);
    driver.flush();
  }

  #fail(reason: unknown): void {
    if (this.#isOver || this.#driver !== undefined) return;
    this.#stop();
    this.#settled.reject(reason);
  }

  #stop(): void {
    this.#isOver = true;
    this.#search?.stop();
    this.#graceAlarm.cancel();
    this.#headStart.cancel();
    this.#clockWalk?.stop();
    this.#choice?.stop();
    this.#shards.stop();
    for (const link of this.#links) link.close();
  }
}
