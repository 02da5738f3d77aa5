/**
 * What the other side's counters say of the frames that we sent.
 *
 * H is the highest frame number that has arrived over there, T how many frames have. Of dH frames
 * dH - dT are missing: exactly, without looking at segments. So a segment that is found lost is
 * believed to be lost only as far as the counters miss something; what exceeds that was refused by
 * its reader or is late, and must not slow the session down.
 *
 * @module
 */
import type { AckCopies } from "./ack_policy.ts";

// Tuning.

/** Frames over which the loss rate is averaged; as many misses are remembered at the most. */
const SPAN = 256;

/**
 * Acknowledgements whose entries are repeated: the longest run of lost frames seen lately and two
 * more, between these bounds. Measured: at 20 % loss one gives 79 % of the link, two 94, four 99.
 */
const LEAST_RUN = 2;
const MOST_REPEATS = 12;

/** Frames after which the memory of a long run fades by one. */
const RUN_MEMORY = 100;

/**
 * An acknowledgement that nothing follows is sent so often that all are lost with this chance at the
 * most: once more on paths that lose less than a third, and ten times more where nearly all is lost.
 */
const MOST_ACK_LOSS = 0.1;
const MOST_ECHOES = 10;

/** The counters of one session, as last reported. */
export class LossCounters implements AckCopies {
  #highest = -1;
  #total = 0;
  #lossRate = 0;
  #longestRun = LEAST_RUN;
  #longestRunAt = 0;
  /** Frames that are missing and have not been found lost yet: all, and those of this round. */
  #missing = 0;
  #missingInRound = 0;
  #charged = 0;
  #chargedInRound = 0;

  /** Highest frame number that has arrived; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** How many frames have arrived. */
  get total(): number {
    return this.#total;
  }

  /** Nothing is asked of frames below this one: they were sent before anybody counted. */
  start(frame: number): void {
    this.#highest = frame - 1;
  }

  /** Loss of what we send, 0 to 1, over the last few hundred frames. */
  get lossRate(): number {
    return this.#lossRate;
  }

  /** How many acknowledgements' entries are to be repeated. */
  get ackRepeats(): number {
    return Math.min(MOST_REPEATS, 2 + this.#longestRun);
  }

  /** How often an acknowledgement is repeated that nothing follows. */
  get ackEchoes(): number {
    let echoes = 1;
    let chance = this.#lossRate ** 2;
    for (; chance > MOST_ACK_LOSS && echoes < MOST_ECHOES; echoes++) chance *= this.#lossRate;
    return echoes;
  }

  /**
   * Takes a report. Reports may come out of order: the counters never go back.
   *
   * @returns Whether all losses that were confirmed lately turn out to have been late arrivals.
   */
  update(highest: number, total: number): boolean {
    const frames = Math.max(0, highest - this.#highest);
    const received = Math.max(0, total - this.#total);
    this.#highest += frames;
    this.#total += received;
    this.#missing = Math.max(0, Math.min(SPAN, this.#missing + frames - received));
    this.#missingInRound = Math.max(0, this.#missingInRound + frames - received);
    if (frames > 0) {
      this.#rememberRun(frames - received);
      const loss = Math.max(0, 1 - received / frames);
      this.#lossRate += (loss - this.#lossRate) * Math.min(1, frames / SPAN);
    }
    if (received <= frames) return false;
    // They were late, and not lost.
    this.#lossRate = Math.max(0, this.#lossRate - (received - frames) / SPAN);
    if (this.#charged === 0) return false;
    this.#charged = Math.max(0, this.#charged - (received - frames));
    return this.#charged === 0;
  }

  /** A round has ended: what was missing before it, and was not found lost in it, was no segment. */
  onRound(): void {
    this.#missing = Math.min(this.#missing, this.#missingInRound);
    this.#missingInRound = 0;
  }

  /** A segment was found lost; returns whether it is missing by the counters too. */
  confirm(round: number): boolean {
    if (round > this.#chargedInRound + 1) this.#charged = 0;
    if (this.#missing === 0) return false;
    this.#missing--;
    this.#charged++;
    this.#chargedInRound = round;
    return true;
  }

  #rememberRun(seen: number): void {
    // What lies beyond the most repeats would only take longer to fade.
    const run = Math.min(seen, MOST_REPEATS);
    if (run >= this.#longestRun) {
      this.#longestRun = run;
      this.#longestRunAt = this.#highest;
    } else if (this.#highest - this.#longestRunAt > RUN_MEMORY) {
      this.#longestRun = Math.max(LEAST_RUN, run, this.#longestRun - 1);
      this.#longestRunAt = this.#highest;
    }
  }
}
