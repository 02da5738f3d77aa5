/**
 * What round trips say of the queue at the bottleneck: its length now, and how long it ever gets.
 *
 * `least` is the round trip without a queue as last measured: it is valid for some seconds, and then
 * has to be measured anew by sending little for a moment (a probe), since the route may have become
 * longer. `base` is the same over the life of the session: it follows `least` slowly upwards, because
 * others may hold the queue that a probe finds. `range` is how far the round trip has risen above
 * `base` in the last 10 to 20 s: when it was large, the queue is large, and a round trip in the lower
 * half of the range proves that the queue is less than half full.
 *
 * @module
 */

import { ACK_DELAY } from "./ack_policy.ts";

// Tuning.

/** How long `least` is believed, ms. BBR v3 has the same. */
const VALID = 5_000;

/**
 * Round trips so little above `least` confirm it; or one packet's time, which is more on slow links.
 * With 1 % a path of 200 ms was probed every 5 s, which cost 4 % of the link; with 5 % hardly ever.
 */
const SAME = 1.05;

/** How far `base` follows a probe that found no shorter round trip. */
const FOLLOW = 0.1;

/** How long a maximum counts, ms; each of two windows. */
const RANGE_WINDOW = 10_000;

/**
 * The range is known when it is so large, ms and in parts of `base`, and by as much as noise and two
 * delayed acknowledgements make besides: with less, a queue of 2 ms was taken for one never filled.
 */
const LEAST_RANGE = 3;
const LEAST_RANGE_PART = 0.1;

/** Rounds that the noise is the least spread of, once to twice as many; samples that make a spread. */
const NOISE_ROUNDS = 10;
const NOISE_SAMPLES = 4;

/** The most noise, ms and in parts of `least`: beyond that a queue would never be seen. */
const MOST_NOISE = 10;
const MOST_NOISE_PART = 1 / 2;

/** The queue of one path, by its round trips. Times in ms. */
export class QueueGauge {
  #least = Infinity;
  #leastAt = 0;
  #base = Infinity;
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
    return this.#least;
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
    const most = Math.max(MOST_NOISE, MOST_NOISE_PART * this.#least);
    return Math.min(most, Math.max(0, spread - ACK_DELAY));
  }

  /** Whether the queue has been seen long enough to say which half of it is in use. */
  get hasRange(): boolean {
    const least = Math.max(LEAST_RANGE, LEAST_RANGE_PART * this.#base);
    return this.#range >= least + this.noise + 2 * ACK_DELAY;
  }

  /** Whether a round trip, or by default the mean of this round, lies in the lower half of the range. */
  isInLowerHalf(rtt: number = this.#sum / this.#count): boolean {
    return this.hasRange && rtt <= this.#base + this.#range / 2;
  }

  /** Whether the round trip without a queue has to be measured anew. */
  isStale(now: number): boolean {
    return now - this.#leastAt > VALID;
  }

  /**
   * A round trip was measured.
   *
   * @param packetTime How long one packet occupies the bottleneck.
   */
  onRtt(rtt: number, packetTime: number, now: number): void {
    if (rtt <= Math.max(this.#least * SAME, this.#least + packetTime)) {
      this.#least = Math.min(this.#least, rtt);
      this.#leastAt = now;
    }
    this.#base = Math.min(this.#base, rtt);
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

  /** A probe begins: what was known is given up for what is measured from now on. */
  startProbe(rtt: number): void {
    this.#least = rtt;
  }

  /** The probe is over. */
  endProbe(now: number): void {
    this.#leastAt = now;
    this.#base += FOLLOW * (this.#least - this.#base);
  }

  /** A round has ended. */
  onRound(): void {
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
    return Math.max(this.#highest, this.#highestBefore) - this.#base;
  }
}
