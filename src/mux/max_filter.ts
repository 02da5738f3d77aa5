/**
 * The largest of the values of the last few rounds.
 *
 * Only those are kept that may yet become the largest: each is smaller and newer than the one before
 * it (Kathleen Nichols' windowed filter, without its limit of three).
 *
 * @module
 */

/** A maximum over a window of rounds. */
export class MaxFilter {
  readonly #values: number[] = [];
  readonly #rounds: number[] = [];
  readonly #window: number;

  /** @param window How many rounds a value counts, its own included. */
  constructor(window: number) {
    this.#window = window;
  }

  /** The largest value; 0 when there is none. */
  get largest(): number {
    return this.#values[0] ?? 0;
  }

  /** The largest value of this round and later ones; 0 when there is none. */
  largestSince(round: number): number {
    for (let i = 0; i < this.#values.length; i++) {
      if (this.#rounds[i]! >= round) return this.#values[i]!;
    }
    return 0;
  }

  /** Adds a value; rounds never go back. */
  add(round: number, value: number): void {
    while (this.#values.length > 0 && this.#values.at(-1)! <= value) {
      this.#values.pop();
      this.#rounds.pop();
    }
    this.#values.push(value);
    this.#rounds.push(round);
    this.#forget(round - this.#window + 1, 0);
  }

  /** Forgets what is older than this round, but for the newest value. */
  forgetBefore(round: number): void {
    this.#forget(round, 1);
  }

  #forget(round: number, least: number): void {
    let count = 0;
    while (this.#values.length - count > least && this.#rounds[count]! < round) count++;
    this.#values.splice(0, count);
    this.#rounds.splice(0, count);
  }
}
