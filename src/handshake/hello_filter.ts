/**
 * Remembers hellos, so that one that is replayed gets no answer.
 *
 * A hello opens under the key of one minute, and by that minute it is remembered. Nothing is
 * forgotten because time has passed: a wall clock that is set back makes old hellos open again. A
 * minute is forgotten for lack of room alone, and is *closed* then: none of its hellos is answered any
 * more, seen or not. So a hello that was answered never is again, whatever the clock and whoever
 * floods do.
 *
 * When there is no room for a hello the minutes are closed that no clock which takes it would take as
 * well, the oldest first. Only a flood by somebody who knows the server's key fills the others; then
 * the fullest is closed, which is the flooded one: clients get no answer while their clocks show it,
 * and are answered in the next minute.
 *
 * Who starts and does not know what was answered before says so by {@linkcode HelloFilter.distrust}.
 *
 * @module
 */
import { MINUTE_ORDER } from "../crypto/cookie.ts";
import { deriveKey } from "../crypto/hash.ts";
import { digestOf, DigestSet } from "./digest_set.ts";

// Protocol constants.

/** How far the minute of a hello may be from that of the clock which takes it. */
const MOST_SKEW = Math.max(...MINUTE_ORDER);

// Tuning.

/**
 * Places of all minutes together, of 4 bytes each: 2.6 MB, and 3.7 MB while a set grows. The hellos of
 * one minute may have 2^19 of them, which are 390,000 hellos; the rest is for the other minutes.
 */
const MOST_PLACES = 2 ** 19 + 2 ** 17;

/**
 * Minutes that are remembered: a clock that showed another zone's time is set back by 14 hours, or
 * 840 minutes. Each takes half a kilobyte when it is quiet.
 */
const MOST_MINUTES = 1024;

/**
 * What two readings of how long we have run may differ by, seconds: wall clocks are slowed and hurried
 * until they are right.
 */
const CLOCK_DRIFT = 1;

/** A hello that was answered, or a minute that is {@linkcode CLOSED}. */
export interface HelloRecord {
  /** The minute whose key opened the hello, since 1970. */
  readonly minute: number;
  /** 32 bits that tell it from others. */
  readonly digest: number;
}

/** Stands in the place of a digest, which is never 0: no hello of the minute is answered. */
export const CLOSED = 0;

/** The hellos that one server has answered, over whatever carrier. */
export class HelloFilter {
  readonly #key: Uint8Array;
  /** By minute; `undefined` where it is closed. */
  readonly #minutes = new Map<number, DigestSet | undefined>();
  /** This minute and all before it are closed. */
  #floor = 0;
  #places = 0;
  #size = 0;
  #refused = 0;
  /** When it began to know, ms, if there was a time before. */
  #distrustedAt: number | undefined;

  /**
   * @param secretKey The server's, 32 bytes. Digests are made with a key of their own that comes from
   * it: nobody else can find two hellos with one digest, nor tell from a digest whose hello it was.
   */
  constructor(secretKey: Uint8Array) {
    this.#key = deriveKey("sosistab digests of hellos", secretKey);
  }

  /** How many hellos are remembered. */
  get size(): number {
    return this.#size;
  }

  /** Hellos that were refused because nobody knows whether they have been answered before. */
  get refused(): number {
    return this.#refused;
  }

  /** This minute and all before it are closed. */
  get floor(): number {
    return this.#floor;
  }

  /** Whether no hello of a minute is answered. */
  isClosed(minute: number): boolean {
    return minute <= this.#floor ||
      this.#minutes.has(minute) && this.#minutes.get(minute) === undefined;
  }

  /**
   * What was answered before now is not known. From now on only hellos of minutes are taken that
   * began later, by the clock which takes them.
   *
   * @param now The monotonic clock, ms.
   * @param epochSeconds The wall clock.
   */
  distrust(now: number, epochSeconds: number): void {
    this.#distrustedAt = now;
    const minute = Math.floor(epochSeconds / 60);
    // Those before it open no more; and who is asked later must know these too.
    for (let skew = -MOST_SKEW; skew <= 0; skew++) {
      this.restore({ minute: minute + skew, digest: CLOSED });
    }
  }

  /**
   * Takes a hello once.
   *
   * @param id Bytes of the hello that its sender drew at random, and sealed.
   * @param minute That of the key which opened it, since 1970.
   * @param now The monotonic clock, ms.
   * @param epochSeconds The wall clock that takes it.
   * @returns Its digest, or `undefined`: it gets no answer.
   */
  accept(id: Uint8Array, minute: number, now: number, epochSeconds: number): number | undefined {
    if (this.isClosed(minute) || this.#isDistrusted(minute, now, epochSeconds)) {
      this.#refused++;
      return undefined;
    }
    // Two hellos that share one: the later one waits for the next of its client.
    const digest = digestOf(this.#key, id);
    if (this.#knows(minute, digest)) return undefined;
    if (this.#add(minute, digest)) return digest;
    this.#refused++;
    return undefined;
  }

  /** Takes over what another filter of the same server has given out. */
  restore({ minute, digest }: HelloRecord): void {
    if (this.isClosed(minute) || this.#knows(minute, digest)) return;
    if (digest !== CLOSED) return void this.#add(minute, digest);
    this.#close(minute);
    this.#forgetMinutes();
  }

  /** Closes a minute and all before it. */
  restoreFloor(minute: number): void {
    if (minute <= this.#floor) return;
    this.#floor = minute;
    for (const each of [...this.#minutes.keys()]) if (each <= minute) this.#drop(each);
  }

  /** All that is remembered above the floor, the oldest minute first. */
  *records(): IterableIterator<HelloRecord> {
    for (const minute of [...this.#minutes.keys()].sort((a, b) => a - b)) {
      const digests = this.#minutes.get(minute);
      if (digests === undefined) yield { minute, digest: CLOSED };
      else for (const digest of digests) yield { minute, digest };
    }
  }

  /** Whether it may have been answered before we began to know. */
  #isDistrusted(minute: number, now: number, epochSeconds: number): boolean {
    if (this.#distrustedAt === undefined) return false;
    const start = epochSeconds - (now - this.#distrustedAt) / 1000;
    if (minute <= Math.floor((start - CLOCK_DRIFT) / 60)) return true;
    // A client that is ahead of us may have been answered then, in a minute that was still to come.
    const last = Math.floor((start + CLOCK_DRIFT) / 60) + MOST_SKEW;
    return minute <= last && minute > Math.floor(epochSeconds / 60);
  }

  #knows(minute: number, digest: number): boolean {
    return digest !== CLOSED && this.#minutes.get(minute)?.has(digest) === true;
  }

  /** `false`: there is no room for it, and its minute is closed. */
  #add(minute: number, digest: number): boolean {
    const known = this.#minutes.get(minute);
    const more = known === undefined ? DigestSet.leastPlaces : known.isFull ? known.places : 0;
    while (this.#places + more > MOST_PLACES) {
      const victim = this.#leastNeeded(minute);
      this.#close(victim);
      if (victim === minute) return false;
    }
    const digests = known ?? new DigestSet();
    const { size } = digests;
    digests.add(digest);
    this.#size += digests.size - size;
    this.#places += more;
    if (known !== undefined) return true;
    this.#minutes.set(minute, digests);
    this.#forgetMinutes();
    return !this.isClosed(minute);
  }

  /** The minute to close when a hello of another one, or of this, needs room. */
  #leastNeeded(minute: number): number {
    let oldest = Infinity;
    let fullest = minute;
    let most = 0;
    for (const [each, digests] of this.#minutes) {
      if (digests === undefined) continue;
      if (Math.abs(each - minute) > 2 * MOST_SKEW) oldest = Math.min(oldest, each);
      if (digests.places > most) [fullest, most] = [each, digests.places];
    }
    return oldest < Infinity ? oldest : fullest;
  }

  #close(minute: number): void {
    this.#drop(minute);
    this.#minutes.set(minute, undefined);
  }

  #drop(minute: number): void {
    const digests = this.#minutes.get(minute);
    this.#minutes.delete(minute);
    this.#places -= digests?.places ?? 0;
    this.#size -= digests?.size ?? 0;
  }

  #forgetMinutes(): void {
    if (this.#minutes.size <= MOST_MINUTES) return;
    let oldest = Infinity;
    for (const minute of this.#minutes.keys()) oldest = Math.min(oldest, minute);
    this.restoreFloor(oldest);
  }
}
