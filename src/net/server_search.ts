/**
 * Looks for the server: asks over all links there are until one of them brings an answer, and then
 * listens for others until it is told that the first one was true (`server_answers.ts`).
 *
 * That is how a client connects, and how it finds a server again that has not been heard for a while:
 * it may have been restarted, and has forgotten the session.
 *
 * @module
 */
import { formatHex } from "../bytes.ts";
import { type OwnKeys, portableX25519, SessionIdentity } from "../crypto/keys.ts";
import { generateOwnKeys, Initiator } from "../handshake/initiator.ts";
import { ServerClock } from "../handshake/server_clock.ts";
import type { Host, X25519 } from "../host.ts";
import type { Random } from "../random.ts";
import { MOST_PACKET_RECEIVED } from "../session/machine.ts";
import type { Extension } from "../wire/extension.ts";
import type { Link } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";

// Tuning.

/**
 * Longest hello of a search without end, bytes: it goes into a silence, for which the least that is
 * answered, and some noise, is enough.
 */
const MOST_ENDLESS_HELLO = 300;

/** How late an answer may be, ms, that the next search still has to understand. */
const ANSWER_AGE = 60_000;

/** Answers that may be taken under one set of keys: more than a lifetime of honest searches gives. */
const MOST_TAKEN = 1_024;

/** Where hellos are put together: each is used up before anything else happens. */
const helloMemory = new Uint8Array(MOST_PACKET_RECEIVED);

/** What a server has answered. */
export interface ServerFound {
  /** 32 bytes; whoever makes a session of it overwrites it. */
  readonly secret: Uint8Array;
  readonly resumeToken: Uint8Array;
  /** What it has said about itself, if it is of our own kind. */
  readonly extension: Extension | undefined;
  /** Its wall clock. */
  readonly clock: ServerClock;
  /** What the answer came over. */
  readonly link: Link;
  /** How long the search had lasted by then, ms: no less than a round trip. */
  readonly waited: number;
  /** The round trip, ms; missing when nobody knows which of several hellos was answered. */
  readonly rtt?: number;
}

/**
 * The keys of one client's searches.
 *
 * An answer does not say which hello it is for, and under other keys than that hello's it leads to a
 * session that nobody else knows. So a search that soon follows another one has the same keys: where a
 * round trip takes seconds, answers to the former are still on their way. And so is whatever somebody
 * has copied: an answer that was taken once is not taken again, since its session would have the keys
 * of the former, and would take that one's packets for new.
 */
export class SearchKeys {
  #keys: OwnKeys | undefined;
  #usedAt = -Infinity;
  /** The sessions that answers under these keys have led to, by name. */
  readonly #taken = new Set<string>();

  /** The keys of a search that begins now. */
  begin(x25519: X25519, now: number): OwnKeys {
    this.forgetOld(now);
    if (this.#taken.size >= MOST_TAKEN) this.wipe();
    return this.#keys ??= generateOwnKeys(x25519);
  }

  /** Overwrites the secret keys when no search has needed them for long; none must be under way. */
  forgetOld(now: number): void {
    if (now - this.#usedAt >= ANSWER_AGE) this.wipe();
  }

  /** Whether an answer that leads to this secret is the first to do so. */
  take(secret: Uint8Array): boolean {
    const name = formatHex(new SessionIdentity(secret).name);
    if (this.#taken.has(name)) return false;
    this.#taken.add(name);
    return true;
  }

  /** The search is over. */
  end(now: number): void {
    this.#usedAt = now;
  }

  /** Overwrites the secret keys: answers to them are good no more. */
  wipe(): void {
    this.#keys?.long.secretKey.fill(0);
    this.#keys?.ephemeral.secretKey.fill(0);
    this.#keys = undefined;
    this.#taken.clear();
  }
}

/** Settings of a search. Times in ms. */
export interface ServerSearchOptions {
  readonly host: Host;
  readonly random: Random;
  readonly serverKey: Uint8Array;
  readonly keys: SearchKeys;
  /** The server's wall clock, where it is known. */
  readonly clock: ServerClock | undefined;
  /** When to give up; `Infinity`: never. */
  readonly giveUpAt: number;
  /** The links to ask over, asked for anew each time; told of a hello that a stream has no use for. */
  readonly links: (isForOtherClock: boolean) => Iterable<Link>;
  /** The time has come to give up. */
  readonly onGivenUp: () => void;
}

/** One search. */
export class ServerSearch {
  readonly #options: ServerSearchOptions;
  readonly #initiator: Initiator;
  readonly #alarm: Alarm;
  readonly #startedAt: number;
  #isAsking = true;
  #isOver = false;

  constructor(options: ServerSearchOptions) {
    const { host, random, serverKey, keys, giveUpAt, clock } = options;
    const x25519 = host.x25519 ?? portableX25519(host.random);
    this.#options = options;
    this.#startedAt = host.now();
    this.#alarm = new Alarm(host, () => this.advance());
    this.#initiator = new Initiator({
      serverKey,
      x25519,
      keys: keys.begin(x25519, this.#startedAt),
      isFirst: (secret) => keys.take(secret),
      random,
      giveUpAt,
      ...(clock === undefined ? {} : { clock }),
      ...(giveUpAt === Infinity ? { mostHello: MOST_ENDLESS_HELLO } : {}),
    }, this.#startedAt);
  }

  /** Whether there is no answer yet. */
  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Asks, if it is time to. */
  advance(): void {
    if (!this.#isAsking) return;
    const { host, links, onGivenUp } = this.#options;
    const now = host.now();
    this.#initiator.handleTimeout(now);
    if (this.#initiator.pollEvent()?.kind === "failed") {
      this.stop();
      onGivenUp();
      return;
    }
    const length = this.#initiator.pollTransmit(helloMemory, now, host.epochSeconds());
    if (length > 0) {
      const hello = helloMemory.subarray(0, length);
      for (const link of links(this.#initiator.isForOtherClock)) link.send(hello);
    }
    this.#alarm.set(this.#initiator.deadline);
  }

  /** A datagram has come that belongs to no session; it may be opened in place. */
  handleDatagram(datagram: Uint8Array, link: Link): ServerFound | undefined {
    if (this.#isOver) return undefined;
    const { host } = this.#options;
    const epochSeconds = host.epochSeconds();
    this.#initiator.handleDatagram(datagram, epochSeconds);
    const event = this.#initiator.pollEvent();
    if (event?.kind !== "established") return undefined;
    this.#rest();
    const { secret, resumeToken, extension, clockOffset } = event;
    const now = host.now();
    const clock = new ServerClock(clockOffset, epochSeconds, now);
    const waited = now - this.#startedAt;
    const rtt = this.#initiator.hellos === 1 ? { rtt: waited } : {};
    return { secret, resumeToken, extension, clock, link, waited, ...rtt };
  }

  /** Asks at once: there are other links than before. */
  askAgain(): void {
    this.#initiator.hurry(this.#options.host.now());
    this.advance();
  }

  /** Asks and listens no more; doing so twice is harmless. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#rest();
    this.#options.keys.end(this.#options.host.now());
  }

  #rest(): void {
    this.#isAsking = false;
    this.#alarm.cancel();
  }
}
