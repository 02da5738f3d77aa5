/**
 * The way to a server whose clock shows another time, over byte streams.
 *
 * A stream opens with a hello under a minute, and a server that knows none such reads on in silence: it
 * cannot say that it is there. So when a stream has opened and nobody answers in it, others are opened
 * that say hello under other minutes, as datagrams do (`handshake/clock_walk.ts`); but each of them
 * once, because a connection is dear. The first one that is answered shows the server's time.
 *
 * @module
 */
import { CLOCK_OFFSETS } from "../handshake/clock_walk.ts";
import type { Host } from "../host.ts";
import type { Random } from "../random.ts";
import { Alarm } from "./alarm.ts";
import type { OwnLink } from "./client_path.ts";

/** Seconds. */
const MINUTE = 60;

// Tuning.

/**
 * How long a stream may be silent, ms, before others are opened for other clocks: datagrams wait as long.
 * Beside datagrams it is longer from their first one on: they find most clocks by then, and cost less.
 */
const DELAY = 2_000;
const DELAY_BESIDE_DATAGRAMS = 3_500;

/**
 * Mean wait between two streams, ms, and the share by which it may differ: 24 of them, which cover an
 * hour to both sides, take 2.4 s, and all 50 take 5 s.
 */
const INTERVAL = 100;
const JITTER = 0.5;

/**
 * How long an answer is awaited, ms: four round trips to the other side of the world, or TLS and one
 * lost packet. So about 25 streams are open at once, of the 64 that a server lets a network have.
 */
const PATIENCE = 2_500;

/** What a walk needs. */
export interface StreamClockWalkOptions {
  readonly host: Host;
  readonly random: Random;
  /** When datagrams began to ask, too, ms; `undefined`: they do not. */
  readonly datagramsSince: number | undefined;
  /** Whether still nobody has answered, by anything. */
  readonly isSilent: () => boolean;
  /** Opens a link that says hello at so many seconds from our own time. */
  readonly openLink: (offset: number) => Promise<OwnLink>;
  /** The server has answered there; the link is the callee's. */
  readonly onFound: (link: OwnLink, offset: number) => void;
}

interface Candidate {
  readonly link: OwnLink;
  readonly offset: number;
  readonly openedAt: number;
}

/** One walk. Times in ms. */
export class StreamClockWalk {
  readonly #options: StreamClockWalkOptions;
  readonly #alarm: Alarm;
  readonly #startAt: number;
  readonly #offsets = CLOCK_OFFSETS.values();
  #candidates: Candidate[] = [];
  #isOver = false;

  /** Waits for its beginning: a stream has opened just now. */
  constructor(options: StreamClockWalkOptions) {
    const { host, datagramsSince = -Infinity } = options;
    this.#options = options;
    this.#startAt = Math.max(host.now() + DELAY, datagramsSince + DELAY_BESIDE_DATAGRAMS);
    this.#alarm = new Alarm(host, () => this.#step());
    this.#alarm.set(this.#startAt);
  }

  /** Opens no more, and closes what is open; doing so twice is harmless. */
  stop(): void {
    this.#isOver = true;
    this.#alarm.cancel();
    for (const { link } of this.#candidates) link.close();
    this.#candidates = [];
  }

  #step(): void {
    const { host, random, isSilent, onFound } = this.#options;
    const now = host.now();
    if (now < this.#startAt) return this.#alarm.set(this.#startAt);
    if (!isSilent()) return this.stop();
    const found = this.#candidates.find(({ link }) => link.isOpen);
    if (found !== undefined) {
      this.#candidates = this.#candidates.filter((each) => each !== found);
      this.stop();
      return onFound(found.link, found.offset);
    }
    while (now - (this.#candidates[0]?.openedAt ?? now) >= PATIENCE) {
      this.#candidates.shift()?.link.close();
    }
    const { value: minutes } = this.#offsets.next();
    if (minutes !== undefined) void this.#open(minutes * MINUTE, now);
    else if (this.#candidates.length === 0) return this.stop();
    this.#alarm.set(now + INTERVAL * (1 + JITTER * (2 * random.fraction() - 1)));
  }

  async #open(offset: number, openedAt: number): Promise<void> {
    try {
      const link = await this.#options.openLink(offset);
      if (this.#isOver) link.close();
      else this.#candidates.push({ link, offset, openedAt });
    } catch {
      // This host has no streams any more.
      this.stop();
    }
  }
}
