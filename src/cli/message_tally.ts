/**
 * Which of a row of numbered messages have come.
 *
 * A message is missing when it has not come some time after a later one. Until then nobody can know:
 * it may still be rebuilt, or be on its way.
 *
 * @module
 */
import { DelayHistogram } from "../sim/delay_histogram.ts";

/** What became of a message, as one character. */
export type Fate = "arrived" | "rebuilt" | "lost";

/** What has been counted since the beginning. */
export interface MessageCounts {
  /** Messages whose fate is known. */
  readonly settled: number;
  /** Those of them that never came. */
  readonly lost: number;
  /** Those of them that came after a later one: on a link that keeps the order, rebuilt ones. */
  readonly rebuilt: number;
}

/** Counts the messages of one flow, which are numbered from 0 on. */
export class MessageTally {
  /** How long they took, ms. */
  readonly delays: DelayHistogram = new DelayHistogram();
  /** Those that have come and are not settled, with whether a later one came before. */
  readonly #came = new Map<number, boolean>();
  #highest = -1;
  #settled = 0;
  #lost = 0;
  #rebuilt = 0;

  /** What has been counted. */
  get counts(): MessageCounts {
    return { settled: this.#settled, lost: this.#lost, rebuilt: this.#rebuilt };
  }

  /** How many are known to have been sent. */
  get known(): number {
    return this.#highest + 1;
  }

  /**
   * A message has come. One that came before, or that was given up, counts no more.
   *
   * @param delay How long it took, ms.
   */
  take(sequence: number, delay: number): void {
    if (sequence < this.#settled || this.#came.has(sequence)) return;
    this.#came.set(sequence, sequence < this.#highest);
    this.#highest = Math.max(this.#highest, sequence);
    this.delays.add(delay);
  }

  /** Gives up what has not come of the first `count` messages. @returns The fates of the new ones. */
  settle(count: number): Fate[] {
    const fates: Fate[] = [];
    while (this.#settled < count) {
      const isLate = this.#came.get(this.#settled);
      this.#came.delete(this.#settled);
      this.#settled++;
      if (isLate === undefined) this.#lost++;
      else if (isLate) this.#rebuilt++;
      fates.push(isLate === undefined ? "lost" : isLate ? "rebuilt" : "arrived");
    }
    return fates;
  }
}
