/**
 * The way to a server whose clock shows another time: hellos under minutes that are not our own.
 *
 * A server takes hellos of five minutes, its own in the middle, and is silent to all others. So
 * hellos five minutes apart reach every clock up to an hour away; and one for each whole hour beyond
 * that reaches those that are wrong by a time zone. They go nearest first, to both sides in turn, so
 * the fewer are needed the smaller the error is. The most likely ones are said twice, since any may
 * be lost.
 *
 * The answer is sealed under the server's minute: within two of the one that its hello was sealed
 * under, so after fifty hellos it may be any of 250. To find out which one takes some milliseconds.
 * Anybody can send us datagrams; so there are no more such searches than hellos.
 *
 * @module
 */
import { MINUTE_ORDER, minutesAround } from "../crypto/cookie.ts";
import type { Random } from "../random.ts";

// Protocol constants.

/** Minutes between two hellos that leave no gap: as many as a server tries. */
const STEP = MINUTE_ORDER.length;

const HOUR = 60;

// Tuning.

/** Clocks that were set by hand, or never, are wrong by any amount; up to so much is covered, minutes. */
const NEAR = HOUR;

/** Those that show another zone's time are wrong by whole hours: there are zones from -12 to +14 h. */
const FAR = 14 * HOUR;

/** Hellos of one walk: all the minutes once, which takes 50, and 20 of them again. */
const MOST_HELLOS = 70;

/**
 * Mean wait between two hellos, ms, and the share by which it may differ. The first round ends after
 * 4 s, the second after 5.6 s: with a start after 2 s and a round trip of 2 s everything is said and
 * answered within 10 s; and the whole takes 25 kbit/s.
 */
const INTERVAL = 80;
const JITTER = 0.5;

/** Searches that may be saved up. One takes up to 7 ms; a true answer needs one. */
const MOST_SEARCHES = 8;

/** Minutes that an answer to a walk may be sealed under, at the most. */
export const MOST_ANSWER_MINUTES: number = MOST_HELLOS * MINUTE_ORDER.length;

/** One walk. Times in ms. */
export class ClockWalk {
  readonly #random: Random;
  readonly #answerMinutes = new Set<number>();
  #nextAt: number;
  #hellos = 0;
  #searches = 0;

  /** @param startAt When the first hello is due. */
  constructor(random: Random, startAt: number) {
    this.#random = random;
    this.#nextAt = startAt;
  }

  /** When the next hello is due; Infinity: never again. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /**
   * The minute of the hello that is due; it must be sent.
   *
   * @param minute Our own.
   * @returns `undefined`: none is due.
   */
  pollMinute(minute: number, now: number): number | undefined {
    if (now < this.#nextAt) return undefined;
    const target = minute + OFFSETS[this.#hellos++]!;
    const wait = INTERVAL * (1 + JITTER * (2 * this.#random.fraction() - 1));
    this.#nextAt = this.#hellos < OFFSETS.length ? now + wait : Infinity;
    this.#searches = Math.min(MOST_SEARCHES, this.#searches + 1);
    for (const each of minutesAround(target)) this.#answerMinutes.add(each);
    return target;
  }

  /**
   * The minutes that an answer to the walk may be sealed under. Each call is a search.
   *
   * @returns `undefined`: it cannot be one, or too many searches were made.
   */
  takeAnswerMinutes(): Iterable<number> | undefined {
    if (this.#searches === 0) return undefined;
    this.#searches--;
    return this.#answerMinutes;
  }
}

/** Minutes from our own that a server's clock may show, so far apart as one hello reaches, nearest first. */
export const CLOCK_OFFSETS: readonly number[] = planOffsets();

/** The same in the order of the walk: the likely ones come again. */
const OFFSETS: readonly number[] = planWalk();

function planOffsets(): number[] {
  const distances: number[] = [];
  for (let distance = STEP; distance <= NEAR; distance += STEP) distances.push(distance);
  for (let distance = NEAR + HOUR; distance <= FAR; distance += HOUR) distances.push(distance);
  return distances.flatMap((distance) => [distance, -distance]);
}

function planWalk(): number[] {
  const isLikely = (offset: number) => Math.abs(offset) === STEP || offset % HOUR === 0;
  return [...CLOCK_OFFSETS, ...CLOCK_OFFSETS.filter(isLikely)].slice(0, MOST_HELLOS);
}
