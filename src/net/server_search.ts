/**
 * Looks for the server: asks over all links there are until one of them brings the answer.
 *
 * That is how a client connects, and how it finds a server again that has not been heard for a while:
 * it may have been restarted, and has forgotten the session.
 *
 * @module
 */
import { type OwnKeys, portableX25519 } from "../crypto/keys.ts";
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

/** Where hellos are put together: each is used up before anything else happens. */
const helloMemory = new Uint8Array(MOST_PACKET_RECEIVED);

/** What a server has answered. */
export interface ServerFound {
  readonly secret: Uint8Array;
  readonly resumeToken: Uint8Array;
  /** What it has said about itself, if it is of our own kind. */
  readonly extension: Extension | undefined;
  /** Its wall clock. */
  readonly clock: ServerClock;
  /** What the answer came over. */
  readonly link: Link;
  /** How long it took, ms; missing when several were asked and nobody knows which one was answered. */
  readonly rtt?: number;
}

/**
 * The keys of one client's searches.
 *
 * An answer does not say which hello it is for, and under other keys than that hello's it leads to a
 * session that nobody else knows. So a search that soon follows another one has the same keys: where a
 * round trip takes seconds, answers to the former are still on their way.
 */
export class SearchKeys {
  #keys: OwnKeys | undefined;
  #usedAt = -Infinity;

  /** The keys of a search that begins now. */
  begin(x25519: X25519, now: number): OwnKeys {
    if (this.#keys === undefined || now - this.#usedAt >= ANSWER_AGE) {
      this.#keys = generateOwnKeys(x25519);
    }
    return this.#keys;
  }

  /** The search is over. */
  end(now: number): void {
    this.#usedAt = now;
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
      random,
      giveUpAt,
      ...(clock === undefined ? {} : { clock }),
      ...(giveUpAt === Infinity ? { mostHello: MOST_ENDLESS_HELLO } : {}),
    }, this.#startedAt);
  }

  /** Asks, if it is time to. */
  advance(): void {
    if (this.#isOver) return;
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
    this.stop();
    const { secret, resumeToken, extension, clockOffset } = event;
    const now = host.now();
    const clock = new ServerClock(clockOffset, epochSeconds, now);
    const rtt = this.#initiator.hellos === 1 ? { rtt: now - this.#startedAt } : {};
    return { secret, resumeToken, extension, clock, link, ...rtt };
  }

  /** Asks at once: there are other links than before. */
  askAgain(): void {
    this.#initiator.hurry(this.#options.host.now());
    this.advance();
  }

  /** Asks no more; doing so twice is harmless. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.keys.end(this.#options.host.now());
    this.#alarm.cancel();
  }
}
