/**
 * How long packets may be, found out without any word from the routers on the way (RFC 8899).
 *
 * Packets are as long as they may ever be from the start: on nearly every path that is right, and the
 * first flight proves it for nothing. When long packets seem to vanish (`hole_watch.ts`), nothing is
 * believed before it was asked: a *probe* of each length up to the present one is sent, the longest
 * first. The other side answers each that comes. The rules:
 *
 *  - if a packet of the present length is answered, or proven by the counters, it was a false alarm;
 *  - if only shorter ones are answered, and the longer ones and the counters have had time for theirs,
 *    the longest of those is the length from now on, and what is on its way is lost;
 *  - if none is, nothing passes at all: the probes are repeated, ever less often, while long
 *    packets are being sent;
 *  - below the greatest length the longer ones are tried again, soon and then ever less often, while
 *    there is use for them. What is answered is the length from now on.
 *
 * A probe has no frame number of its own and carries nothing. So its loss is nobody's loss: it counts
 * neither for congestion nor for repair.
 *
 * @module
 */
import { HoleWatch, LEAST_PACKET } from "./hole_watch.ts";

// Protocol constants.

/** Longest packet: what the original's server sends at the most. */
export const MOST_PACKET_SENT = 1400;

/** A probe is known by 16 bits. */
const IDS = 2 ** 16;

// Tuning.

/**
 * The lengths that are tried. With the 48 bytes of the headers of IPv6 and UDP they make 1,448
 * (Ethernet, PPPoE and most tunnels take that), 1,400 (tunnels within tunnels, mobile networks), 1,280
 * (what IPv6 promises) and 1,000; the last with the 28 of IPv4 576.
 */
const LENGTHS: readonly number[] = [MOST_PACKET_SENT, 1352, 1232, 952, LEAST_PACKET];

/** Probes that wait for an answer at a time. */
const MOST_OUTSTANDING = 32;

/** How long a longer probe may be overtaken by the answer to a shorter one, ms, and in patiences. */
const LEAST_GRACE = 20;
const GRACE = 0.25;

/** Rounds of probes that are sent whether anything else is or not, and the longest time between two, ms. */
const ROUNDS = 3;
const MOST_ROUND_INTERVAL = 1_000;

/** After a false alarm none is raised for so long, ms: a path that loses a third raises many. */
const PAUSE = 1_000;

/** When longer packets are tried again, ms: first, and at the most. Each try is up to four packets. */
const FIRST_RAISE_DELAY = 500;
const MOST_RAISE_DELAY = 30_000;

/** A packet counts as a full one if it is shorter by no more than padding makes it. */
const FULL_MARGIN = 100;

/** By so much packets of one body differ, bytes: one of them proves that the others pass, too. */
const PADDING = 64;

/** A packet that asks whether its length passes. */
export interface Probe {
  readonly id: number;
  /** Bytes that the packet is to have. */
  readonly length: number;
}

interface Outstanding extends Probe {
  readonly sentAt: number;
}

/** What an alarm has started. */
interface Test {
  /** Frames from this one on were sent after it. */
  readonly firstFrame: number;
  /** The longest frame that is in doubt. */
  readonly suspect: number;
  /** Before this the counters have had no time to prove that it was a false alarm. */
  readonly earliest: number;
  rounds: number;
  roundAt: number;
  interval: number;
  /** The last long frame that had been sent at the last round. */
  lastLong: number;
  /** The longest that was answered, once something was, and when that decides. */
  best: number;
  decidesAt: number;
}

/** The packet length of one direction of one session. Times in ms. */
export class PathMtu {
  readonly #watch = new HoleWatch();
  readonly #due: number[] = [];
  #outstanding: Outstanding[] = [];
  #nextId = 0;
  #isEnabled = false;
  #isReliable = false;
  #length = MOST_PACKET_SENT;
  #test: Test | undefined;
  #pausedUntil = -Infinity;
  /** Whether any long packet has ever arrived: until then there is nothing that an alarm could contradict. */
  #hasProven = false;
  #raiseAt = Infinity;
  #raiseDelay = FIRST_RAISE_DELAY;

  /** How long a packet may be now, bytes. */
  get length(): number {
    return this.#isReliable ? MOST_PACKET_SENT : this.#length;
  }

  /** Whether packets travel in a byte stream now: it takes them all, and its stalls mean nothing here. */
  setReliable(isReliable: boolean): void {
    if (isReliable === this.#isReliable) return;
    this.#isReliable = isReliable;
    this.#test = undefined;
    this.#watch.forget();
  }

  /** The other side answers probes. Before that nothing is tried. */
  enable(): void {
    this.#isEnabled = true;
  }

  /** Nothing is on its way, and nothing asks: gives back what is remembered of it. */
  rest(): void {
    this.#watch.rest();
  }

  /** A frame has left, in a packet of that many bytes. */
  onSent(frame: number, length: number, now: number): void {
    this.#watch.onSent(frame, length, now);
    if (length > this.#length - FULL_MARGIN) this.onWanted(now);
  }

  /** A longer packet would have been of use. */
  onWanted(now: number): void {
    if (now < this.#raiseAt || this.#isReliable) return;
    this.#raiseAt = now + this.#raiseDelay;
    this.#raiseDelay = Math.min(MOST_RAISE_DELAY, 2 * this.#raiseDelay);
    this.#try(LENGTHS.filter((length) => length > this.#length));
  }

  /**
   * The other side's counters.
   *
   * @param highest The highest frame that has arrived.
   * @param total How many have arrived, above 0.
   */
  onCounters(highest: number, total: number, now: number): void {
    const proven = this.#watch.onCounters(highest, total, now);
    if (proven > 0) this.#hasProven = true;
    const test = this.#test;
    if (test === undefined) this.#alarm(now);
    else if (highest >= test.firstFrame && proven >= test.suspect - PADDING) this.#endTest(now);
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    if (!this.#isEnabled || this.#isReliable) return Infinity;
    const test = this.#test;
    if (test !== undefined) return Math.min(test.decidesAt, test.roundAt);
    return Math.max(this.#watch.deadline, this.#pausedUntil);
  }

  /**
   * The deadline may have passed; calling early is harmless.
   *
   * @returns Whether the path takes less than was thought: then what was on its way is lost.
   */
  handleTimeout(now: number): boolean {
    const test = this.#test;
    if (test === undefined) this.#alarm(now);
    else if (now >= test.decidesAt) {
      this.#narrow(test.best, now);
      return true;
    } else if (now >= test.roundAt) this.#repeat(test, now);
    return false;
  }

  /** The next probe that is to be sent. */
  takeProbe(now: number): Probe | undefined {
    const length = this.#due.shift();
    if (length === undefined) return undefined;
    const id = this.#nextId;
    this.#nextId = (id + 1) % IDS;
    if (this.#outstanding.length >= MOST_OUTSTANDING) this.#outstanding.shift();
    this.#outstanding.push({ id, length, sentAt: now });
    return { id, length };
  }

  /** The other side says that the probe has come. */
  onAnswer(id: number, now: number): void {
    const answered = this.#outstanding.find((probe) => probe.id === id);
    if (answered === undefined) return;
    this.#outstanding = this.#outstanding.filter((probe) => probe.id !== id);
    const { length } = answered;
    const test = this.#test;
    if (length > this.#length) this.#widen(length, now);
    else if (test === undefined) return;
    else if (length === this.#length) this.#endTest(now);
    else {
      test.best = Math.max(test.best, length);
      const grace = Math.max(LEAST_GRACE, GRACE * (now - answered.sentAt));
      test.decidesAt = Math.min(test.decidesAt, Math.max(test.earliest, now + grace));
    }
  }

  #alarm(now: number): void {
    if (!this.#isEnabled || this.#isReliable || this.#length === LEAST_PACKET) return;
    if (now < this.#pausedUntil || !this.#watch.isAlarmed(now)) return;
    const interval = this.#watch.patience;
    this.#test = {
      firstFrame: this.#watch.last + 1,
      suspect: this.#watch.suspect,
      earliest: this.#hasProven ? now + this.#watch.patience : now,
      rounds: 0,
      roundAt: now,
      interval,
      lastLong: -1,
      best: 0,
      decidesAt: Infinity,
    };
    this.#repeat(this.#test, now);
  }

  #repeat(test: Test, now: number): void {
    // Nobody waits for the answer.
    if (test.rounds >= ROUNDS && this.#watch.lastLong === test.lastLong) return this.#endTest(now);
    test.rounds++;
    test.lastLong = this.#watch.lastLong;
    test.roundAt = now + test.interval;
    test.interval = Math.min(MOST_ROUND_INTERVAL, 2 * test.interval);
    this.#try(LENGTHS.filter((length) => length <= this.#length));
  }

  #try(lengths: readonly number[]): void {
    if (this.#due.length === 0) this.#due.push(...lengths);
  }

  #endTest(now: number): void {
    this.#test = undefined;
    this.#pausedUntil = now + PAUSE;
    this.#watch.forget();
  }

  #narrow(length: number, now: number): void {
    this.#test = undefined;
    this.#length = length;
    this.#watch.forget();
    this.#raiseDelay = FIRST_RAISE_DELAY;
    this.#raiseAt = now + this.#raiseDelay;
  }

  #widen(length: number, now: number): void {
    this.#test = undefined;
    this.#length = length;
    this.#watch.forget();
    this.#raiseDelay = FIRST_RAISE_DELAY;
    this.#raiseAt = length === MOST_PACKET_SENT ? Infinity : now + this.#raiseDelay;
  }
}
