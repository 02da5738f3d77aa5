/**
 * A sum of multiples of unknowns: the left side of an equation.
 *
 * The unknowns are numbered, and those of a form lie near one another. So it is a row of factors,
 * which begins at the lowest unknown and ends at the highest; neither of the two factors is 0.
 *
 * @module
 */
import { divide, multiply } from "./galois.ts";

/** A linear form over the field of 256 elements. */
export class LinearForm {
  #lowest: number;
  #factors: Uint8Array;

  /**
   * @param lowest The number of the first factor's unknown.
   * @param factors A factor for each unknown from there on; 0 for those that are not in it. A copy
   * is kept.
   */
  constructor(lowest: number, factors: Uint8Array) {
    this.#lowest = lowest;
    this.#factors = factors.slice();
    this.#trim();
  }

  /** The lowest unknown, unless the form is empty. */
  get lowest(): number {
    return this.#lowest;
  }

  /** Whether there is no unknown in it. */
  get isEmpty(): boolean {
    return this.#factors.length === 0;
  }

  /** Whether there is one unknown in it: the lowest. */
  get isSingle(): boolean {
    return this.#factors.length === 1;
  }

  /** The factor of an unknown; 0 when it is not in the form. */
  factorOf(unknown: number): number {
    return this.#factors[unknown - this.#lowest] ?? 0;
  }

  /**
   * How many times `other` has to be added so that its lowest unknown is no longer in this form; 0
   * when it is not.
   *
   * @param other Not empty.
   */
  timesToCancel(other: LinearForm): number {
    return divide(this.factorOf(other.#lowest), other.#factors[0]!);
  }

  /**
   * Adds `factor` times another form.
   *
   * @param other Its lowest unknown is in this form, or not below its lowest.
   */
  add(other: LinearForm, factor: number): void {
    const at = other.#lowest - this.#lowest;
    const end = at + other.#factors.length;
    if (end > this.#factors.length) {
      const longer = new Uint8Array(end);
      longer.set(this.#factors);
      this.#factors = longer;
    }
    other.#factors.forEach((each, i) => this.#factors[at + i]! ^= multiply(each, factor));
    this.#trim();
  }

  /** Takes an unknown out of it. */
  drop(unknown: number): void {
    if (this.factorOf(unknown) === 0) return;
    this.#factors[unknown - this.#lowest] = 0;
    this.#trim();
  }

  #trim(): void {
    const factors = this.#factors;
    let from = 0;
    let to = factors.length;
    while (to > 0 && factors[to - 1] === 0) to--;
    while (from < to && factors[from] === 0) from++;
    if (from === 0 && to === factors.length) return;
    this.#lowest += from;
    this.#factors = factors.subarray(from, to);
  }
}
