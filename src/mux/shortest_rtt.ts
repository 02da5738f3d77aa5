/**
 * The round trip of a path without a queue, though others may never let the queue run empty.
 *
 * `least` is what was measured last: it is valid for some seconds, and then has to be measured anew by
 * sending little for a moment (a probe), since the route may have become longer. `base` is the
 * shortest of the session. A probe that ends well above it found a queue that others hold: the path
 * is *crowded*. Then `least` is no more than the length of their queue at that moment, and nothing but
 * the next probe confirms it. A longer route gives the same in one probe after the other, and `base`
 * follows; the queue of a rival rarely does.
 *
 * A session that was opened while others held the queue knows no better `base` than that, and what it
 * sends itself may keep the queue there for ever. So a base that no probe has verified is in doubt
 * when the queue overflows time and again.
 *
 * @module
 */

// Tuning. From a simulation with CUBIC beside, unless another reason is given.

/** How long `least` is believed, ms. BBR v3 has the same. */
const VALID = 5_000;

/**
 * Round trips so little above `least` confirm it; or one packet's time, which is more on slow links.
 * With 1 % a path of 200 ms was probed every 5 s, which cost 4 % of the link; with 5 % hardly ever.
 */
const SAME = 1.05;

/** `least` this far above `base`, ms besides and noise, is the queue of others. */
const CROWDED = 1.1;
const CROWDED_MARGIN = 2;

/**
 * A queue so many times as long as our own frames make it is somebody else's: after so long, ms, a
 * probe finds out. Waiting for 5 s, Lift was down to 2 % of the link beside a CUBIC that had just
 * begun. With 1.25, eight flows probed at odd times and found one another's queue.
 */
const FOREIGN = 1.5;
const FOREIGN_TIME = 500;

/** How far `base` follows two probes in a row that agree, and how closely they have to. */
const FOLLOW = 0.1;
const AGREED = 0.05;

/**
 * A probe that ends so little above `base` verifies it. A base that none has verified is in doubt
 * after so many overflows, those within so long, ms, counted as one: fewer come with every start and
 * with every change of the rate, when a probe would be out of place.
 */
const VERIFIED = 1.02;
const MOST_OVERFLOWS = 4;
const OVERFLOW_TIME = 1_000;

/** The shortest round trip of one path. Times in ms. */
export class ShortestRtt {
  #least = Infinity;
  #leastAt = 0;
  #base = Infinity;
  #isVerified = false;
  #overflows = 0;
  #overflowAt = -OVERFLOW_TIME;
  /** When the queue was last no longer than what we send ourselves makes it. */
  #ownQueueAt = 0;
  /** What the probe before the last has found, and the base when this one began. */
  #found = 0;
  #baseBefore = Infinity;

  /** The round trip without a queue, or without our part of it when others hold one. */
  get least(): number {
    return this.#least;
  }

  /** The shortest of the session. */
  get base(): number {
    return this.#base;
  }

  /** Whether others hold a queue. `noise`: by how much round trips differ without one. */
  isCrowded(noise: number): boolean {
    return this.#least > this.#base * CROWDED + CROWDED_MARGIN + noise;
  }

  /** Whether it has to be measured anew. */
  isStale(now: number): boolean {
    return now - this.#leastAt > VALID || now - this.#ownQueueAt > FOREIGN_TIME;
  }

  /**
   * A round trip was measured.
   *
   * @param packetTime How long one packet occupies the bottleneck.
   */
  onRtt(rtt: number, packetTime: number, noise: number, now: number): void {
    if (this.#base === Infinity) this.#ownQueueAt = now;
    if (rtt <= Math.max(this.#least * SAME, this.#least + packetTime)) {
      this.#least = Math.min(this.#least, rtt);
      if (!this.isCrowded(noise)) this.#leastAt = now;
    }
    this.#base = Math.min(this.#base, rtt);
  }

  /**
   * A round has ended.
   *
   * @param rtt Its shortest round trip.
   * @param ownDelay How much longer what we send makes it.
   */
  onRound(rtt: number, ownDelay: number, now: number): void {
    if (rtt <= this.#least + FOREIGN * ownDelay) this.#ownQueueAt = now;
  }

  /** Something has overflowed: what no probe has verified is not believed any more. */
  onOverflow(now: number): void {
    if (this.#isVerified || now - this.#overflowAt < OVERFLOW_TIME) return;
    this.#overflowAt = now;
    if (++this.#overflows >= MOST_OVERFLOWS) this.#leastAt = -Infinity;
  }

  /** A probe begins: what was known is given up for what is measured from now on. */
  startProbe(rtt: number): void {
    this.#least = rtt;
    this.#baseBefore = this.#base;
  }

  /** The probe is over. */
  endProbe(now: number): void {
    this.#isVerified = this.#base === this.#baseBefore && this.#least <= this.#base * VERIFIED;
    const isAgreed = Math.abs(this.#least - this.#found) <= AGREED * this.#found;
    if (isAgreed) this.#base += FOLLOW * (this.#least - this.#base);
    this.#found = this.#least;
    this.#leastAt = this.#ownQueueAt = now;
    this.#overflows = 0;
  }
}
