/**
 * What a bad path does to the datagrams of one direction, decided from a seed.
 *
 * The n-th datagram has the n-th fate, whatever its content and its time, and draws as many random
 * numbers as any other: so switching one condition on leaves the rest of a run as it was.
 *
 * @module
 */
import { seededFraction } from "./seeded_random.ts";

/** The conditions of one direction. Chances are from 0 to 1, times are in ms; all default to 0. */
export interface LinkConditions {
  /** Chance that a datagram is lost, each on its own. */
  readonly loss?: number;

  /**
   * Losses in bursts (Gilbert): the chance that a burst begins before a datagram, and that it ends
   * before one. In a burst all is lost, so the mean length is `1 / end`.
   */
  readonly burst?: { readonly begin: number; readonly end: number };

  /** Chance that a datagram arrives twice. */
  readonly duplicate?: number;

  /** Chance that a datagram is held back by `reorderDelay`, while later ones pass it. */
  readonly reorder?: number;

  /** How long such a datagram is held back; 10 unless given. */
  readonly reorderDelay?: number;

  /** Time that every datagram takes. */
  readonly delay?: number;

  /** Up to this much is added to `delay`. It changes no order: a queue has one end. */
  readonly jitter?: number;

  /** Chance that one bit of a datagram is turned over. */
  readonly corrupt?: number;
}

/** What has happened to the datagrams of one direction. */
export interface LinkCounters {
  /** Datagrams that came in. */
  seen: number;
  /** Lost by `loss` or `burst`. */
  lost: number;
  /** Delivered a second time. */
  duplicated: number;
  /** Held back. */
  reordered: number;
  /** With a bit turned over. */
  corrupted: number;
  /** Dropped because the path was paused. */
  blackedOut: number;
  /** Dropped because too many were waiting. */
  overflowed: number;
  /** Datagrams that went out. */
  delivered: number;
}

/** What happens to one datagram. */
export interface Fate {
  /** When each copy arrives; none for a datagram that is lost. */
  readonly arrivals: readonly number[];
  /** The bit to turn over, or -1. */
  readonly corruptBit: number;
}

const LOST: Fate = { arrivals: [], corruptBit: -1 };

/** One direction of a bad path. */
export class Impairment {
  /** May be replaced at any time; holds from the next datagram on. */
  conditions: LinkConditions;
  /** What has happened so far. */
  readonly counters: LinkCounters = {
    seen: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    blackedOut: 0,
    overflowed: 0,
    delivered: 0,
  };
  readonly #next: () => number;
  #inBurst = false;
  #lastArrival = 0;

  /** @param seed Decides everything. */
  constructor(seed: number, conditions: LinkConditions = {}) {
    this.#next = seededFraction(seed);
    this.conditions = conditions;
  }

  /** Decides what happens to the next datagram, and counts it. `now` is in ms and never goes back. */
  decide(length: number, now: number): Fate {
    const { burst, delay = 0, jitter = 0, reorderDelay = 10 } = this.conditions;
    const next = this.#next;
    const lost = next() < (this.conditions.loss ?? 0);
    const turn = next();
    const duplicated = next() < (this.conditions.duplicate ?? 0);
    const reordered = next() < (this.conditions.reorder ?? 0);
    const corrupted = next() < (this.conditions.corrupt ?? 0);
    const corruptBit = Math.floor(next() * length * 8);
    const arrival = now + delay + next() * jitter;

    const counters = this.counters;
    counters.seen++;
    this.#inBurst = this.#inBurst ? turn >= (burst?.end ?? 1) : turn < (burst?.begin ?? 0);
    if (lost || this.#inBurst) {
      counters.lost++;
      return LOST;
    }
    const inOrder = Math.max(arrival, this.#lastArrival);
    if (reordered) counters.reordered++;
    else this.#lastArrival = inOrder;
    const at = reordered ? arrival + reorderDelay : inOrder;
    if (duplicated) counters.duplicated++;
    if (corrupted && length > 0) counters.corrupted++;
    return {
      arrivals: duplicated ? [at, at] : [at],
      corruptBit: corrupted && length > 0 ? corruptBit : -1,
    };
  }
}
