/**
 * What round trips say of the queue at the bottleneck: its length now, and how long it ever gets.
 *
 * `least` and `base` are the round trip without a queue, as last measured and over the life of the
 * session (`shortest_rtt.ts`). `range` is how far the round trip has risen above `base` in the last 10
 * to 20 s: when it was large, the queue is large, and a round trip in the lower half of the range
 * proves that the queue is less than half full.
 *
 * @module
 */

import { ACK_DELAY } from "./ack_policy.ts";
import { ShortestRtt } from "./shortest_rtt.ts";

// Tuning.

/** How long a maximum counts, ms; each of two windows. */
const RANGE_WINDOW = 10_000;

/**
 * The range is known when it is so large, ms and in parts of `base`, and by as much as noise and two
 * delayed acknowledgements make besides: with less, a queue of 2 ms was taken for one never filled.
 */
const LEAST_RANGE = 3;
const LEAST_RANGE_PART = 0.1;

/**
 * Up to this part of the range nothing has overflowed, when no round trip was longer. With a half,
 * flows that kept the queue fuller never learnt the floor: eight of them shared with an index of .66.
 */
const TOP = 0.8;

/** Rounds that the noise is the least spread of, once to twice as many; samples that make a spread. */
const NOISE_ROUNDS = 10;
const NOISE_SAMPLES = 4;

/** The most noise, ms and in parts of `least`: beyond that a queue would never be seen. */
const MOST_NOISE = 10;
const MOST_NOISE_PART = 1 / 2;

/** The queue of one path, by its round trips. Times in ms. */
export class QueueGauge {
  readonly #shortest = new ShortestRtt();
  #highest = 0;
  #highestBefore = 0;
  #highestSince = 0;
  #sum = 0;
  #count = 0;
  #leastOfRound = Infinity;
  #mostOfRound = 0;
  #leastOfLastRound = Infinity;
  #spread = Infinity;
  #spreadBefore = Infinity;
  #spreadRounds = 0;

  /** The round trip without a queue. */
  get least(): number {
    return this.#shortest.least;
  }

  /** The shortest and longest round trip of this round. */
  get leastOfRound(): number {
    return this.#leastOfRound;
  }

  /** The longest round trip of this round. */
  get mostOfRound(): number {
    return this.#mostOfRound;
  }

  /** The shortest of the round before. */
  get leastOfLastRound(): number {
    return this.#leastOfLastRound;
  }

  /** By how much round trips differ without a queue, besides the delay of acknowledgements. */
  get noise(): number {
    const spread = Math.min(this.#spread, this.#spreadBefore);
    if (spread === Infinity) return 0;
    const most = Math.max(MOST_NOISE, MOST_NOISE_PART * this.least);
    return Math.min(most, Math.max(0, spread - ACK_DELAY));
  }

  /** Whether the queue has been seen long enough to say which half of it is in use. */
  get hasRange(): boolean {
    const least = Math.max(LEAST_RANGE, LEAST_RANGE_PART * this.#shortest.base);
    return this.#range >= least + this.noise + 2 * ACK_DELAY;
  }

  /** Whether a round trip, or by default the mean of this round, lies in the lower half of the range. */
  isInLowerHalf(rtt: number = this.#sum / this.#count): boolean {
    return this.hasRange && rtt <= this.#shortest.base + this.#range / 2;
  }

  /** Whether a queue in which no round trip was longer than this cannot have overflowed. */
  isBelowTop(rtt: number): boolean {
    return this.hasRange && rtt <= this.#shortest.base + this.#range * TOP;
  }

  /** Whether others hold a queue. */
  get isCrowded(): boolean {
    return this.#shortest.isCrowded(this.noise);
  }

  /** Whether the round trip without a queue has to be measured anew. */
  isStale(now: number): boolean {
    return this.#shortest.isStale(now);
  }

  /**
   * A round trip was measured.
   *
   * @param packetTime How long one packet occupies the bottleneck.
   */
  onRtt(rtt: number, packetTime: number, now: number): void {
    this.#shortest.onRtt(rtt, packetTime, this.noise, now);
    this.#highest = Math.max(this.#highest, rtt);
    if (now - this.#highestSince > RANGE_WINDOW) {
      this.#highestBefore = this.#highest;
      this.#highest = rtt;
      this.#highestSince = now;
    }
    this.#sum += rtt;
    this.#count++;
    this.#leastOfRound = Math.min(this.#leastOfRound, rtt);
    this.#mostOfRound = Math.max(this.#mostOfRound, rtt);
  }

  /** Something has overflowed. */
  onOverflow(now: number): void {
    this.#shortest.onOverflow(now);
  }

  /** A probe begins: what was known is given up for what is measured from now on. */
  startProbe(rtt: number): void {
    this.#shortest.startProbe(rtt);
  }

  /** The probe is over. */
  endProbe(now: number): void {
    this.#shortest.endProbe(now);
  }

  /**
   * A round has ended.
   *
   * @param ownDelay How much longer round trips are made by what we send.
   */
  onRound(ownDelay: number, now: number): void {
    this.#shortest.onRound(this.#leastOfRound, ownDelay, now);
    if (this.#count >= NOISE_SAMPLES) this.#addSpread(this.#mostOfRound - this.#leastOfRound);
    this.#leastOfLastRound = this.#leastOfRound;
    this.#sum = this.#count = 0;
    this.#leastOfRound = Infinity;
    this.#mostOfRound = 0;
  }

  #addSpread(spread: number): void {
    if (this.#spreadRounds++ % NOISE_ROUNDS === 0) {
      this.#spreadBefore = this.#spread;
      this.#spread = spread;
    } else this.#spread = Math.min(this.#spread, spread);
  }

  get #range(): number {
    return Math.max(this.#highest, this.#highestBefore) - this.#shortest.base;
  }
}
