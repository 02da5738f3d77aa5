/**
 * A client's end of a session, from the first hello on.
 *
 * It connects, and it keeps the session alive: when a question has not been answered for a while it
 * looks for the server again, beside all that the session itself does to be heard. When there is an
 * answer and the session stays silent still, the server has forgotten it, or the answer that it stands
 * on was forged, and the new answer's keys take its place. The first packet under them says which
 * session they go on with: a server that knows it after all (`server_sessions.ts`) lets its streams go
 * on, and otherwise they end, while the multiplex goes on with new ones.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { SosistabError } from "../errors.ts";
import { ServerClock } from "../handshake/server_clock.ts";
import type { Host } from "../host.ts";
import { INITIAL_RTT, RttEstimator } from "../mux/rtt.ts";
import { Random } from "../random.ts";
import type { SessionMachine } from "../session/machine.ts";
import { type Carrier, isReliable, type Link } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";
import { carrierOf, openLinks } from "./carriers.ts";
import { CarrierChoice } from "./carrier_choice.ts";
import { ClientPath, type OwnLink } from "./client_path.ts";
import { createClientSession } from "./client_session.ts";
import { ClientShards } from "./client_shards.ts";
import { noAnswer } from "./closure.ts";
import type { ConnectOptions, Session } from "./contract.ts";
import { SessionDriver } from "./driver.ts";
import { KeyRenewal } from "./key_renewal.ts";
import { LinkQuestions } from "./link_questions.ts";
import { OpeningWatch } from "./opening_watch.ts";
import { ServerAnswers } from "./server_answers.ts";
import { SearchKeys, type ServerFound, ServerSearch } from "./server_search.ts";
import { DrivenSession } from "./session.ts";
import { StreamClockWalk } from "./stream_clock_walk.ts";
import type { ClientLinkHandler } from "./udp_links.ts";

// Tuning.

/** Longest round trip that is expected where none was measured, ms: who waits longer has lost packets. */
const MOST_RTT = 10_000;

/** How long UDP has for itself before TCP joins the race, ms: one round trip of most paths. */
const HEAD_START = { least: 250, most: 400 };

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
  /** What the server has answered while the session was silent. */
  readonly #answers: ServerAnswers;
  readonly #addresses: readonly Address[];
  #links: OwnLink[] = [];
  readonly #questions = new LinkQuestions();
  #search: ServerSearch | undefined;
  readonly #searchKeys = new SearchKeys();
  readonly #renewal: KeyRenewal;
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
  #isOver = false;

  /** @param addresses Where the server may be, at least one. */
  constructor(host: Host, options: ClientEndOptions, addresses: readonly Address[]) {
    this.#host = host;
    this.#addresses = addresses;
    this.#options = options;
    this.#random = new Random(host.random);
    this.#answers = new ServerAnswers(host, this.#random, () => this.#tryNext());
    this.#headStart = new Alarm(host, () => void this.#joinRace());
    this.#startedAt = host.now();
    this.#renewal = new KeyRenewal(options.keyLimits, this.#startedAt);
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
      const links = await this.#openLinks(isAuto ? "udp" : carrierOf(protocol, this.#options));
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
    if (this.#isOver) return;
    if (driver !== undefined && outcome !== "foreign") {
      this.#path?.onHeard(link, outcome, this.#host.now());
      const isProof = outcome === "newest" || outcome === "late";
      if (isProof && this.#path?.uses(link)) this.#onHeard(driver.session);
      driver.flush();
      return;
    }
    const found = this.#search?.handleDatagram(datagram, link);
    if (found === undefined) return;
    this.#clock = found.clock;
    if (driver === undefined) this.#establish(found);
    else if (this.#renewal.isUnderWay) this.#replace(found);
    else {
      this.#answers.add(found, this.#expectedRtt);
      driver.refresh();
    }
  }

  onDoubt(): void {
    if (this.#path?.isAsking === false) this.#driver?.current.ask();
  }

  onFault(error: SosistabError): void {
    this.#driver?.current.end({ by: "error", error });
    this.#fail(error);
  }

  onRoom(): void {
    this.#driver?.current.flush();
  }

  onCut(link: Link): void {
    this.#questions.onCut(link);
    this.#driver?.current.onMoved();
    this.onRoom();
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
        this.#startSearch(this.#giveUpAt);
      },
    });
  }

  get #allLinks(): readonly OwnLink[] {
    if (this.#path === undefined) return this.#links;
    const { shards, trial } = this.#path;
    return (trial === undefined ? shards : [...shards, trial]).map(({ link }) => link);
  }

  #startSearch(giveUpAt: number): void {
    this.#search?.stop();
    this.#search = new ServerSearch({
      host: this.#host,
      random: this.#random,
      serverKey: this.#options.serverKey,
      keys: this.#searchKeys,
      clock: this.#clock,
      giveUpAt,
      links: (isForOtherClock) =>
        this.#questions.due(this.#allLinks, isForOtherClock, this.#host.now()),
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
    const { idleTimeout, repair = {}, stats, limits } = this.#options;
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
      host,
      reason: () => this.#choice?.reason,
      isSearching: () => this.#isSearching && !this.#renewal.isUnderWay,
      isOwnKind: () => this.#driver?.current.session.isOwnKind === true,
      onDue: () => this.#driver?.current.onPathDue(),
      onSilent: () => this.#onSilent(),
      onTrialHeard: () => this.#choice?.onTrialHeard(),
      onRetired: () => this.#stop(),
    }, this.#shards.create(link));
    const settings = { host, rtt, idleTimeout, repair, limits, stats };
    const driver = this.#driver = new SessionDriver(
      { ...settings, role: "client", random: this.#random },
      { session: createClientSession(host, this.#random, found), path },
    );
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

  /** A question has not been answered for a while. */
  #onSilent(): void {
    this.#choice?.onSilent();
    for (const { link } of this.#path?.shards ?? []) link.renew?.();
    if (!this.#isSearching && this.#answers.isEmpty) this.#startSearch(Infinity);
  }

  get #isSearching(): boolean {
    return this.#search?.isAsking === true;
  }

  /** How long a round trip may take, ms. */
  get #expectedRtt(): number {
    const { known, smoothed } = this.#driver!.current.options.rtt;
    return known ? smoothed : Math.min(this.#base!.waited, MOST_RTT);
  }

  /** The session had its time to be heard. */
  #tryNext(): void {
    const found = this.#answers.take(this.#driver!.current.canAsk, this.#expectedRtt);
    if (found !== undefined) this.#replace(found);
  }

  /** The session was heard. */
  #onHeard(session: SessionMachine): void {
    this.#answers.onHeard();
    this.#choice?.onHeard();
    if (this.#renewal.isUnderWay) return;
    this.#search?.stop();
    this.#search = undefined;
    const now = this.#host.now();
    this.#searchKeys.forgetOld(now);
    if (this.#renewal.begin(session, now)) this.#startSearch(Infinity);
  }

  /** Other keys take the place of the old ones: these were due, or silent although the server is there. */
  #replace(found: ServerFound): void {
    const [driver, path] = [this.#driver?.current, this.#path];
    if (driver === undefined || path === undefined) return;
    this.#base = found;
    this.#renewal.onReplaced(this.#host.now());
    if (path.trial?.link === found.link) this.#choice?.use();
    path.onReplaced((shardId) => this.#shards.createResumer(shardId));
    const session = createClientSession(this.#host, this.#random, found);
    driver.replace({ session, path }, false);
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
    this.#searchKeys.wipe();
    this.#answers.stop();
    this.#headStart.cancel();
    this.#clockWalk?.stop();
    this.#choice?.stop();
    this.#shards.stop();
    for (const link of this.#links) link.close();
  }
}
