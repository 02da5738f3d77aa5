/**
 * Solves all equations between lost bodies together.
 *
 * A parity shard is a sum of multiples of data shards. Without those that have come it is an
 * equation between shards that are unknown, and it does not matter to which run it belongs, or
 * which runs overlap: two equations that share two unknowns give both.
 *
 * The equations are kept in reduced row echelon form (Gauss and Jordan): the lowest unknown of
 * each is in no other, and they stand in the order of those. So
 *
 *  - what can be known is known at once: it is the equation with a single unknown;
 *  - an equation that says nothing new vanishes before its shard has been looked at;
 *  - to give up the lowest unknown, when it is too old or there are too many equations, is to
 *    forget the first equation. Nothing else is lost: the others say all that is to be said
 *    without it.
 *
 * An equation may be a lie. That shows when a solution is no shard of a body. It is not given out
 * then, and all equations of its family are forgotten: those that have been added to one another,
 * directly or by way of others, so that the lie may be in them. Equations that have nothing to do
 * with it stay.
 *
 * @module
 */
import { divide } from "./galois.ts";
import type { LinearForm } from "./linear_form.ts";
import { Shard } from "./shard.ts";

// Tuning.

/**
 * Equations kept, at most; so many shards lie in memory, and are touched by one that comes. An
 * honest sender has fewer open than a run has frames: this is two runs of 64 that were lost whole.
 */
export const MAX_EQUATIONS = 128;

interface Equation {
  /** The unknown shards, not empty. */
  readonly form: LinearForm;
  /** What they amount to. */
  readonly sum: Shard;
  /** Equal for equations of which one may have been added to the other. */
  family: number;
}

/** A body that was unknown. */
export interface Solution {
  /** The number of its frame. */
  readonly frameNumber: number;
  /** The body. Belongs to the caller. */
  readonly body: Uint8Array;
}

/** The equations of one direction of one session. The unknowns are numbered like the frames. */
export class JointSolver {
  /** In the order of their lowest unknowns. */
  #equations: Equation[] = [];
  #families = 0;
  #wrongShards = 0;

  /** How many solutions were no shards of bodies. */
  get wrongShards(): number {
    return this.#wrongShards;
  }

  /** How many equations are open. */
  get size(): number {
    return this.#equations.length;
  }

  /**
   * There is a further equation.
   *
   * @param form Its unknowns. Changed by the call.
   * @param makeSum Makes what they amount to; called when the equation says something new.
   * @returns What is known by it, in order.
   */
  add(form: LinearForm, makeSum: () => Shard): Solution[] {
    const added: [Equation, number][] = [];
    for (const each of this.#equations) {
      const times = form.timesToCancel(each.form);
      if (times === 0) continue;
      form.add(each.form, times);
      added.push([each, times]);
    }
    if (form.isEmpty) return [];
    const equation = { form, sum: makeSum(), family: ++this.#families };
    for (const [each, times] of added) {
      equation.sum.add(each.sum, times);
      this.#unite(equation, each);
    }
    this.#insert(equation);
    return this.#takeSolutions();
  }

  /**
   * A body has come, of a frame that may be among the unknowns.
   *
   * @returns What is known by it besides, in order.
   */
  learn(frameNumber: number, body: Uint8Array): Solution[] {
    let isNews = false;
    let headless: Equation | undefined;
    for (const equation of this.#equations) {
      if (equation.form.lowest > frameNumber) break;
      const factor = equation.form.factorOf(frameNumber);
      if (factor === 0) continue;
      isNews = true;
      if (equation.form.lowest === frameNumber) headless = equation;
      equation.form.drop(frameNumber);
      equation.sum.addBody(body, factor);
    }
    if (headless !== undefined) {
      this.#equations.splice(this.#equations.indexOf(headless), 1);
      this.#insert(headless);
    }
    return isNews ? this.#takeSolutions() : [];
  }

  /** Gives up all unknowns below a number. */
  forgetBelow(frameNumber: number): void {
    let old = 0;
    while (old < this.size && this.#equations[old]!.form.lowest < frameNumber) old++;
    if (old > 0) this.#equations.splice(0, old);
  }

  /** Puts in an equation in which no lowest unknown of another is left. */
  #insert(equation: Equation): void {
    let place = 0;
    for (const each of this.#equations) {
      if (each.form.lowest > equation.form.lowest) break;
      place++;
      const times = each.form.timesToCancel(equation.form);
      if (times === 0) continue;
      each.form.add(equation.form, times);
      each.sum.add(equation.sum, times);
      this.#unite(equation, each);
    }
    this.#equations.splice(place, 0, equation);
    if (this.#equations.length > MAX_EQUATIONS) this.#equations.shift();
  }

  /** Makes one family of two, the first of which may not be among the equations yet. */
  #unite(equation: Equation, { family }: Equation): void {
    if (equation.family === family) return;
    for (const each of this.#equations) if (each.family === family) each.family = equation.family;
  }

  #takeSolutions(): Solution[] {
    const solved = this.#equations.filter(({ form }) => form.isSingle);
    if (solved.length === 0) return [];
    const liars = new Set<number>();
    const found = solved.map(({ form, sum, family }) => {
      const shard = new Shard(sum.length);
      shard.add(sum, divide(1, form.factorOf(form.lowest)));
      if (shard.body === undefined) {
        this.#wrongShards++;
        liars.add(family);
      }
      return { frameNumber: form.lowest, body: shard.body, family };
    });
    this.#equations = this.#equations.filter(({ form, family }) =>
      !form.isSingle && !liars.has(family)
    );
    return found.flatMap(({ frameNumber, body, family }) =>
      body === undefined || liars.has(family) ? [] : [{ frameNumber, body }]
    );
  }
}
