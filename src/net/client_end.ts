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
import { Resumer } from "../handshake/resumer.ts";
import type { ServerClock } from "../handshake/server_clock.ts";
import type { Host } from "../host.ts";
import { INITIAL_RTT, RttEstimator } from "../mux/rtt.ts";
import { Random } from "../random.ts";
import { SessionMachine } from "../session/machine.ts";
import { type Carrier, isReliable, type Link } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";
import { openLinks } from "./carriers.ts";
import { CarrierChoice } from "./carrier_choice.ts";
import { ClientPath, type OwnLink, type Shard } from "./client_path.ts";
import { noAnswer } from "./closure.ts";
import type { ConnectOptions, Session } from "./contract.ts";
import { SessionDriver } from "./driver.ts";
import { type ServerFound, ServerSearch } from "./server_search.ts";
import { DrivenSession } from "./session.ts";
import { ShardResets } from "./shard_resets.ts";
import { SleepWatch } from "./sleep_watch.ts";
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

/** Numbers of the shards that are streams: those of UDP are below. */
const FIRST_STREAM_SHARD = 128;

/**
 * Streams of a session over TCP: where packets get lost each is slow, and together they are not. As
 * many as browsers open to a site: 16 were faster still at 5 % loss, and would be a mark.
 */
const STREAM_SHARDS = 6;

/** How often each of several shards shows itself to the original, ms, and how often they are compared. */
const ORIGINAL_INTERVAL = 8_000;
const RESET_INTERVAL = 30_000;

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
  #clock: ServerClock | undefined;
  #driver: SessionDriver | undefined;
  #path: ClientPath | undefined;
  #choice: CarrierChoice | undefined;
  #resets: ShardResets | undefined;
  #sleepWatch: SleepWatch | undefined;
  readonly #headStart: Alarm;
  /** Numbers the shards of both kinds. */
  readonly #nextShard = { udp: 0, stream: 0 };
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
      this.#links = await this.#openLinks(isAuto ? "udp" : this.#carrierOf(protocol));
    } catch (error) {
      // Nobody waits any more: TCP must not join a race that is over.
      this.#stop();
      throw error;
    }
    const onAbort = () => this.#fail(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else this.#startSearch(this.#host.now() + timeout);
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
      if (isProof && this.#path?.trial?.link !== link) this.#onHeard();
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
  ): Promise<OwnLink[]> {
    const host = this.#host;
    return openLinks(carrier, {
      host,
      random: this.#random,
      options: this.#options,
      addresses,
      handler: this,
      epochSeconds: () => {
        const own = host.epochSeconds();
        return this.#clock?.estimates(own, host.now())[0] ?? own;
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
      clock: this.#clock,
      giveUpAt,
      links: (isForOtherClock) => this.#linksToAsk(isForOtherClock),
      onGivenUp: () => this.#fail(noAnswer(this.#options)),
    });
    this.#search.advance();
  }

  #establish(found: ServerFound): void {
    const { idleTimeout, repair = {}, stats } = this.#options;
    const host = this.#host;
    const link = this.#links.find((each) => each === found.link) ?? this.#links[0]!;
    for (const other of this.#links) if (other !== link) other.close();
    this.#links = [];
    this.#headStart.cancel();
    this.#base = found;
    const rtt = new RttEstimator(Math.max(1, found.rtt ?? INITIAL_RTT));
    const path = this.#path = new ClientPath({
      rtt,
      epochSeconds: () => host.epochSeconds(),
      reason: () => this.#choice?.reason,
      onSilent: () => this.#onSilent(),
      onTrialHeard: () => this.#choice?.onTrialHeard(),
      onClose: () => this.#stop(),
    }, this.#createShard(link, found));
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
    this.#sleepWatch = new SleepWatch(host, () => driver.current.refresh());
    if (this.#options.protocol === "auto") this.#choice = this.#createChoice(path);
    void this.#openShards(path, link);
    this.#settled.resolve(session);
  }

  #createChoice(path: ClientPath): CarrierChoice {
    return new CarrierChoice({
      host: this.#host,
      random: this.#random,
      path,
      openShard: async (carrier) => {
        const [link, ...others] = await this.#openLinks(carrier);
        // A name with several addresses: the first is as good as any.
        for (const other of others) other.close();
        return this.#createShard(link!, this.#base!);
      },
      onTrial: () => this.onRoom(),
      onSwitch: () => {
        this.#driver?.current.onMoved();
        void this.#openShards(path, path.shards[0]!.link);
        this.onRoom();
      },
    });
  }

  #createShard(link: OwnLink, found: ServerFound): Shard {
    const next = this.#nextShard;
    const id = link.carrier === "udp"
      ? next.udp++ % FIRST_STREAM_SHARD
      : FIRST_STREAM_SHARD + next.stream++ % FIRST_STREAM_SHARD;
    return { id, link, resumer: this.#createResumer(found, id), received: 0 };
  }

  /** Opens the other shards, beside the one that has answered. */
  async #openShards(path: ClientPath, { carrier, address }: OwnLink): Promise<void> {
    const shards = this.#options.shards ?? (isReliable(carrier) ? STREAM_SHARDS : 1);
    for (let i = 1; i < shards; i++) {
      try {
        const [link] = await this.#openLinks(carrier, [address]);
        if (this.#isOver || path.carrier !== carrier) return link?.close();
        path.add(this.#createShard(link!, this.#base!));
      } catch {
        // One less: the session lives.
        break;
      }
    }
    if (this.#isOver) return;
    this.#resets?.stop();
    this.#resets = shards > 1 ? this.#createResets(path) : undefined;
  }

  /** Puts another shard in the place of one through which too little comes to be chance. */
  #createResets(path: ClientPath): ShardResets {
    const { resetInterval = RESET_INTERVAL } = this.#options;
    return new ShardResets(this.#host, resetInterval, () => path.shards, async (worst) => {
      const { carrier, address } = worst.link;
      const [link] = await this.#openLinks(carrier, [address]);
      if (this.#isOver || !path.shards.includes(worst)) return link?.close();
      path.replaceShard(worst, this.#createShard(link!, this.#base!));
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

  #createResumer({ resumeToken, clock, extension }: ServerFound, shardId: number): Resumer {
    const { serverKey, shards } = this.#options;
    const random = this.#random;
    const isOne = shards === 1 || (shards === undefined && shardId < FIRST_STREAM_SHARD);
    const interval = !isOne && extension === undefined ? ORIGINAL_INTERVAL : Infinity;
    const options = { serverKey, resumeToken, shardId, random, clock, interval };
    return new Resumer(options, this.#host.now());
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
    this.#graceAlarm.set(
      this.#host.now() + GRACE + GRACE_RTTS * driver.options.rtt.smoothed,
    );
    driver.refresh();
  }

  /** The session was heard. */
  #onHeard(): void {
    this.#search?.stop();
    this.#search = this.#found = undefined;
    this.#graceAlarm.cancel();
    this.#choice?.onHeard();
  }

  /** The session has stayed silent although the server is there: other keys take its place. */
  #replace(): void {
    const [found, driver, path] = [this.#found, this.#driver?.current, this.#path];
    if (found === undefined || driver === undefined || path === undefined) return;
    this.#found = undefined;
    this.#base = found;
    if (path.trial?.link === found.link) this.#choice?.use();
    path.onReplaced((shardId) => this.#createResumer(found, shardId));
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
    this.#search = undefined;
    this.#graceAlarm.cancel();
    this.#sleepWatch?.stop();
    this.#headStart.cancel();
    this.#choice?.stop();
    this.#resets?.stop();
    for (const link of this.#links) link.close();
  }
}
