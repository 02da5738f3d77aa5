/**
 * Notices that long packets do not arrive any more, from what the other side counts.
 *
 * Each frame's length is remembered. The other side's counters say that the frame H has arrived, and
 * how many of those before it have: so long packets are proven again and again where they pass, and
 * what is missing may have been too long. The rules:
 *
 *  - the longest length that is surely among those that arrived is *proven*: that of H itself, and
 *    where a of the frames since the last report have arrived, the a-th shortest of them;
 *  - a frame is *missed* if it may be one of the missing, and is longer than what was proven since the
 *    first that was missed. A proof as long as all that was missed ends the matter;
 *  - there is an alarm when many are missed in a row, over a while; when a few are, over a long time;
 *    and when nothing at all is heard although long frames are on their way, for the *patience* of a
 *    round trip with its swings.
 *
 * The first two are safe from loss by chance, which does not spare the short; the third one cannot
 * tell a hole from an outage. An alarm is no more than a reason to ask.
 *
 * @module
 */

// Protocol constants.

/** What every path takes: 576 bytes with the headers of IPv4 and UDP. */
export const LEAST_PACKET = 548;

// Tuning.

/** Frames whose length is remembered: 50 ms at 1 Gbit/s. */
const FRAMES = 4096;

/** Lengths are remembered to so many bytes, which fits the longest packet into a byte. */
const GRAIN = 4;

/** Reports over more frames are read by their last frame alone. */
const MOST_SORTED = 64;

/**
 * Missed frames in a row that raise an alarm: at 30 % loss one time in 15,000. They must be missed for
 * so many patiences, as all that was on its way is missed after an outage, until the next has come.
 */
const MANY = 8;
const SHORT = 0.5;

/** The few that do over a long time, and that time, in patiences. */
const FEW = 2;
const LONG = 2;

/**
 * Patience before a round trip was seen, and its bounds, ms. A client that moves is found again within
 * the least one: probes in between would only take the room of what is waited for.
 */
const FIRST_PATIENCE = 300;
const LEAST_PATIENCE = 300;
const MOST_PATIENCE = 1_000;

/** The watch of one session. Times in ms. */
export class HoleWatch {
  /** By frame: 0, or the length above {@linkcode LEAST_PACKET} in grains. */
  #lengths: Uint8Array | undefined;
  #last = -1;
  #lastLong = -1;
  #highest = -1;
  #total = 0;
  #missed = 0;
  #missedSince = 0;
  #longestMissed = 0;
  #provenSince = 0;
  #silentSince = Infinity;
  #timedFrame = -1;
  #timedAt = 0;
  #smoothed: number | undefined;
  #deviation = 0;

  /** The last frame that was sent; -1 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The last one that was long; -1: none. */
  get lastLong(): number {
    return this.#lastLong;
  }

  /** The highest frame of ours that has arrived; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** How long an answer may take, ms. */
  get patience(): number {
    if (this.#smoothed === undefined) return FIRST_PATIENCE;
    const usual = this.#smoothed + 4 * this.#deviation;
    return Math.min(MOST_PATIENCE, Math.max(LEAST_PATIENCE, usual));
  }

  /** A frame has left, in a packet of that many bytes. */
  onSent(frame: number, length: number, now: number): void {
    this.#last = frame;
    const grains = Math.ceil(Math.max(0, length - LEAST_PACKET) / GRAIN);
    if (grains > 0) this.#lengths ??= new Uint8Array(FRAMES);
    if (this.#lengths !== undefined) this.#lengths[frame % FRAMES] = grains;
    if (grains === 0) return;
    this.#lastLong = frame;
    if (this.#silentSince === Infinity) this.#silentSince = now;
    if (this.#timedFrame >= 0) return;
    this.#timedFrame = frame;
    this.#timedAt = now;
  }

  /**
   * The other side's counters.
   *
   * @param highest The highest frame that has arrived, none above what was sent.
   * @param total How many have arrived, above 0.
   * @returns The longest packet that is proven by it, bytes; 0: none.
   */
  onCounters(highest: number, total: number, now: number): number {
    const before = this.#highest;
    const arrived = Math.max(0, total - this.#total);
    const frames = Math.max(0, highest - before);
    this.#total += arrived;
    this.#missed = Math.max(0, this.#missed - Math.max(0, arrived - frames));
    if (frames === 0) return 0;
    this.#highest = highest;
    this.#silentSince = this.#lastLong > highest ? now : Infinity;
    if (this.#timedFrame >= 0 && highest >= this.#timedFrame) this.#time(now);
    return this.#judge(before + 1, arrived, now);
  }

  /** Whether there is an alarm. */
  isAlarmed(now: number): boolean {
    if (now >= this.deadline) return true;
    const patiences = (now - this.#missedSince) / this.patience;
    return (this.#missed >= MANY && patiences >= SHORT) ||
      (this.#missed >= FEW && patiences >= LONG);
  }

  /** When silence becomes an alarm, unless something is heard before. */
  get deadline(): number {
    // One alone is lost now and then.
    return this.#lastLong > this.#highest + 1 ? this.#silentSince + this.patience : Infinity;
  }

  /** The longest frame that was missed, or has not been reported yet, bytes. */
  get suspect(): number {
    let longest = this.#missed > 0 ? this.#longestMissed : 0;
    // What lies farther back is not remembered.
    const first = Math.max(this.#highest + 1, this.#last - FRAMES + 1);
    for (let frame = first; frame <= this.#lastLong; frame++) {
      longest = Math.max(longest, this.#grains(frame));
    }
    return LEAST_PACKET + GRAIN * longest;
  }

  /** What was missed, and what is on its way, means nothing any more. */
  forget(): void {
    this.#missed = 0;
    this.#lastLong = -1;
    this.#silentSince = Infinity;
    this.#timedFrame = -1;
    this.#lengths?.fill(0);
  }

  /** Nothing is on its way: of lengths no more is remembered. */
  rest(): void {
    this.#lengths = undefined;
  }

  #judge(from: number, arrived: number, now: number): number {
    const to = this.#highest;
    const missing = to - from + 1 - arrived;
    const proven = this.#provenBetween(from, to, arrived);
    if (this.#missed > 0 && proven >= this.#longestMissed) this.#missed = 0;
    this.#provenSince = this.#missed > 0 ? Math.max(this.#provenSince, proven) : proven;
    let longer = 0;
    for (let frame = from; frame < to && missing > 0; frame++) {
      const grains = this.#grains(frame);
      if (grains <= this.#provenSince) continue;
      if (this.#missed === 0 && longer === 0) {
        this.#missedSince = now;
        this.#longestMissed = 0;
      }
      this.#longestMissed = Math.max(this.#longestMissed, grains);
      longer++;
    }
    this.#missed += Math.max(0, Math.min(longer, missing));
    return proven === 0 ? 0 : LEAST_PACKET + GRAIN * proven;
  }

  #provenBetween(from: number, to: number, arrived: number): number {
    const frames = to - from + 1;
    let proven = this.#grains(to);
    if (arrived >= frames) {
      for (let frame = from; frame < to; frame++) proven = Math.max(proven, this.#grains(frame));
    } else if (frames <= MOST_SORTED && arrived > 1) {
      const sorted = Array.from({ length: frames }, (_, i) => this.#grains(from + i));
      sorted.sort((a, b) => a - b);
      proven = Math.max(proven, sorted[arrived - 1] ?? 0);
    }
    return proven;
  }

  #grains(frame: number): number {
    if (this.#lengths === undefined || frame <= this.#last - FRAMES) return 0;
    return this.#lengths[frame % FRAMES] ?? 0;
  }

  /** As a round trip is smoothed in RFC 6298. */
  #time(now: number): void {
    const taken = now - this.#timedAt;
    this.#timedFrame = -1;
    if (this.#smoothed === undefined) {
      this.#smoothed = taken;
      this.#deviation = taken / 2;
      return;
    }
    this.#deviation += (Math.abs(taken - this.#smoothed) - this.#deviation) / 4;
    this.#smoothed += (taken - this.#smoothed) / 8;
  }
}
