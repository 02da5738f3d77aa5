/**
 * Rebuilds lost bodies out of what has come.
 *
 * The sender numbers its data frames and groups them into *runs*, which may overlap. A parity frame
 * tells which run it belongs to, and holds one parity shard of it. The rules:
 *
 *  - a body is rebuilt as soon as all that has come determines it, whichever came last: parity of
 *    all runs is solved jointly;
 *  - a body is given out once, and never one that came by itself: none is given out that lies
 *    below the window of bodies that are kept, as nobody knows any more whether it came;
 *  - a run that begins below the window is ignored;
 *  - when rebuilding gave a shard that cannot be one, the parity was wrong: what had a part in it is
 *    forgotten, so that a liar pays for each try with new frames;
 *  - when too much parity is open the one that helps the oldest frame gives way: parity frames are
 *    not protected against replay, and what is replayed is old.
 *
 * Whatever is in a parity frame was sent by the other end of an authenticated session, and may
 * still be nonsense. It is ignored then.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import { BODY_WINDOW, BodyWindow } from "./body_window.ts";
import { JointSolver, type Solution } from "./joint_solver.ts";
import { LinearForm } from "./linear_form.ts";
import { parityRow } from "./reed_solomon.ts";
import { LENGTH_PREFIX, Shard } from "./shard.ts";

// Tuning.

/** Data frames in a run, at most: four times what the original sends. */
export const MAX_DATA_COUNT = 64;

/** Parity frames of a run, at most: twice what the original sends. */
export const MAX_PARITY_COUNT = 64;

/** Bytes of a shard, at most: what fits into a packet. */
const MAX_PAD_SIZE = 1500;

/** How far above the highest frame number a run may begin: the whole of it may have been lost. */
const MAX_AHEAD = 256;

/** Bodies that wait to be polled, at most: more than one call can give. */
const MAX_READY = 2 * BODY_WINDOW;

/** What an open equation costs, bytes: a shard, a factor for each of its unknowns, and their heads. */
const EQUATION_COST = MAX_PAD_SIZE + 500;

/** The part of a parity frame that a {@linkcode Recoverer} reads. */
export interface Parity {
  /** The frame number of the first data frame in the run. */
  readonly runStart: number;
  /** Data frames in the run. */
  readonly dataCount: number;
  /** Parity frames that the run has. */
  readonly parityCount: number;
  /** Which of those this one is. */
  readonly parityIndex: number;
  /** Length of each shard. */
  readonly padSize: number;
  /** The parity shard. */
  readonly body: Uint8Array;
}

/**
 * Whether the numbers of a parity frame fit one another, and the limits that keep rebuilding
 * cheap. The sender of the original stays far inside them.
 */
export function isSoundParity(parity: Parity): boolean {
  const { runStart, dataCount, parityCount, parityIndex, padSize, body } = parity;
  return isWithin(dataCount, 1, MAX_DATA_COUNT) &&
    isWithin(parityCount, 1, MAX_PARITY_COUNT) &&
    isWithin(parityIndex, 0, parityCount - 1) &&
    isWithin(padSize, LENGTH_PREFIX, MAX_PAD_SIZE) && padSize === body.length &&
    isWithin(runStart, 0, Number.MAX_SAFE_INTEGER - dataCount + 1);
}

/** Recovery of one direction of one session. */
export class Recoverer {
  readonly #budget: ByteBudget | undefined;
  readonly #bodies: BodyWindow;
  readonly #solver = new JointSolver();
  readonly #ready: Solution[] = [];
  #polled = 0;
  #recovered = 0;
  /** Open equations that have been paid for. */
  #paid = 0;

  /** @param budget What pays for what is kept; by default nobody does. */
  constructor(budget?: ByteBudget) {
    this.#budget = budget;
    this.#bodies = new BodyWindow(budget);
  }

  /** How many bodies have been rebuilt. */
  get recovered(): number {
    return this.#recovered;
  }

  /** How many shards were rebuilt that can be none. */
  get wrongShards(): number {
    return this.#solver.wrongShards;
  }

  /**
   * A data frame has come, for the first time.
   *
   * @param body At most as long as a packet; a copy is kept.
   */
  onData(frameNumber: number, body: Uint8Array): void {
    if (!this.#bodies.keep(frameNumber, body) || this.#solver.size === 0) return;
    this.#solver.forgetBelow(this.#bodies.lowest);
    this.#deliver(this.#solver.learn(frameNumber, body));
    this.#pay();
  }

  /** A parity frame has come. Its body is copied when it is of use. */
  onParity(parity: Parity): void {
    if (!isSoundParity(parity)) return;
    if (parity.runStart > this.#bodies.highest + MAX_AHEAD) return;
    if (!this.#bodies.covers(parity.runStart)) return;
    const factors = parityRow(parity.dataCount, parity.parityIndex);
    const unknown = factors.map((each, i) => this.#bodies.has(parity.runStart + i) ? 0 : each);
    const form = new LinearForm(parity.runStart, unknown);
    if (form.isEmpty || !this.#isRoomy(parity)) return;
    const { free = Infinity } = this.#budget ?? {};
    if (EQUATION_COST > free) return this.#budget?.refuse(EQUATION_COST);
    this.#deliver(this.#solver.add(form, () => this.#sumOf(parity, factors)));
    this.#pay();
  }

  /** Gives all memory back: nothing more comes. */
  release(): void {
    this.#bodies.clear();
    this.#solver.forgetBelow(Infinity);
    this.#pay();
  }

  /** The next rebuilt body, or `undefined`. To be asked until then after each call. */
  pollBody(): Solution | undefined {
    const next = this.#ready[this.#polled];
    if (next === undefined) {
      this.#ready.length = 0;
      this.#polled = 0;
    } else {
      this.#polled++;
    }
    return next;
  }

  /** Whether the shards of a run leave room for each of its bodies that have come. */
  #isRoomy({ runStart, dataCount, padSize }: Parity): boolean {
    for (let i = 0; i < dataCount; i++) {
      const body = this.#bodies.get(runStart + i);
      if (body !== undefined && LENGTH_PREFIX + body.length > padSize) return false;
    }
    return true;
  }

  /** A parity shard without the bodies that have come. */
  #sumOf({ runStart, body }: Parity, factors: Uint8Array): Shard {
    const sum = Shard.of(body);
    factors.forEach((factor, i) => {
      const known = this.#bodies.get(runStart + i);
      if (known !== undefined) sum.addBody(known, factor);
    });
    return sum;
  }

  #pay(): void {
    const { size } = this.#solver;
    this.#budget?.use(EQUATION_COST * (size - this.#paid));
    this.#paid = size;
  }

  #deliver(solutions: readonly Solution[]): void {
    for (const solution of solutions) {
      if (this.#ready.length >= MAX_READY) return;
      if (!this.#bodies.keep(solution.frameNumber, solution.body)) continue;
      this.#ready.push(solution);
      this.#recovered++;
    }
    this.#solver.forgetBelow(this.#bodies.lowest);
  }
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
