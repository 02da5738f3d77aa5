/**
 * How much of the loss is the path's own, and not made by us.
 *
 * The floor is the loss rate over the last 1,500 frames or so that were sent while nothing spoke for
 * an overflow. What a stretch of frames loses beyond the floor and what chance explains is excess.
 * How far chance goes is learnt too: on paths that lose in bursts the counts scatter more than
 * independent losses would, by the factor `dispersion`.
 *
 * A floor that follows the loss too readily learns the losses that it makes itself: eight flows with
 * such floors drove one another to 48 % of drops. So it rises at once only by what is proven (the
 * queue was less than half full), else by a tenth of the difference at a time.
 *
 * @module
 */

// Tuning. From a simulation of lossy paths with one to eight flows, unless another reason is given.

/** Frames that the floor is averaged over: 0.6 points of deviation at 5 %. */
const MEMORY = 1_500;

/** The highest floor: who loses more than that has to slow down whatever the reason. */
const MOST_FLOOR = 0.4;

/** How far an unproven loss raises the floor, as a part of the difference. */
const UNPROVEN = 0.1;

/** Variance of the counts against that of independent losses. */
const FIRST_DISPERSION = 4;
const MOST_DISPERSION = 8;
const DISPERSION_WEIGHT = 1 / 16;

/** One stretch's part in the dispersion is no more than this. */
const MOST_SCATTER = 64;

/** A floor of 0 would make every single loss significant. */
const LEAST_RATE = 0.02;

/** Excess: so many lost at the least, so much above the floor, and so many deviations. */
const EXCESS_COUNT = 6;
const EXCESS_RATE = 0.02;
const EXCESS_DEVIATIONS = 3;

/** The same while the queue is more than half full, and every loss beyond the floor is a sign. */
const STRICT_COUNT = 3;
const STRICT_RATE = 0.003;
const STRICT_DEVIATIONS = 2.5;
const STRICT_LEAST_RATE = 0.001;
const STRICT_DISPERSION = 2;

/** Stretches of proven excess in a row after which the floor moves there. */
const EXCESS_ROW = 2;

/** A count of frames, and how many of them were lost; old ones fade. */
class Pool {
  lost = 0;
  frames = 0;

  add(lost: number, frames: number): void {
    const rest = Math.max(0, 1 - frames / MEMORY);
    this.lost = this.lost * rest + lost;
    this.frames = this.frames * rest + frames;
  }

  set(lost: number, frames: number): void {
    this.lost = lost;
    this.frames = frames;
  }
}

/** The floor of one path. Rates are 0 to 1. */
export class LossFloor {
  readonly #pool = new Pool();
  /** Of phases in which we sent less than the path takes: the floor is not above what they lost. */
  readonly #slack = new Pool();
  readonly #excess = new Pool();
  #excessRow = 0;
  #dispersion = FIRST_DISPERSION;
  #rate = 0;

  /** The floor. */
  get rate(): number {
    return this.#rate;
  }

  /** Whether anything has been learnt yet. */
  get isKnown(): boolean {
    return this.#pool.frames > 0;
  }

  /** One standard deviation of the loss rate of so many frames. */
  deviation(frames: number): number {
    return this.#deviation(frames, LEAST_RATE, this.#dispersion);
  }

  /** Whether a stretch lost more than floor and chance explain. `margin` is added to the floor. */
  isExcess(lost: number, frames: number, margin = 0): boolean {
    const limit = this.#rate + EXCESS_RATE + margin + EXCESS_DEVIATIONS * this.deviation(frames);
    return lost >= EXCESS_COUNT && lost > limit * frames;
  }

  /** The same for a stretch that passed a queue more than half full. */
  isExcessInUpperHalf(lost: number, frames: number): boolean {
    const dispersion = Math.min(this.#dispersion, STRICT_DISPERSION);
    const deviation = this.#deviation(frames, STRICT_LEAST_RATE, dispersion);
    const limit = this.#rate + STRICT_RATE + STRICT_DEVIATIONS * deviation;
    return lost >= STRICT_COUNT && lost > limit * frames;
  }

  /** A stretch was sent while nothing spoke for an overflow. */
  learn(lost: number, frames: number, isProven: boolean): void {
    this.#excessRow = 0;
    this.#excess.set(0, 0);
    const rate = lost / frames;
    this.#pool.add(rate > this.#rate && !isProven ? this.#raised(rate) * frames : lost, frames);
    this.#update();
  }

  /** A stretch lost more than the floor explains, though the queue was less than half full. */
  learnExcess(lost: number, frames: number): void {
    this.#excess.set(this.#excess.lost + lost, this.#excess.frames + frames);
    if (++this.#excessRow < EXCESS_ROW) return;
    this.#pool.set(this.#excess.lost, this.#excess.frames);
    this.#slack.set(0, 0);
    this.#excess.set(0, 0);
    this.#excessRow = 0;
    this.#update();
  }

  /** A stretch was sent more slowly than the path takes: what it lost is the path's. */
  learnSlack(lost: number, frames: number): void {
    this.#slack.add(lost, frames);
    this.#update();
  }

  /** The same for one that was slowed down to see whether the loss falls, and it did not. */
  learnTested(lost: number, frames: number, isProven: boolean): void {
    const count = isProven ? lost : this.#raised(lost / frames) * frames;
    this.#pool.set(count, frames);
    this.#slack.set(count, frames);
    this.#update();
  }

  /** What was learnt up to now may have been an overflow: the floor falls to no more than this. */
  lower(most: number): void {
    this.#rate = Math.min(this.#rate, most);
    this.#pool.set(this.#rate * this.#pool.frames, this.#pool.frames);
  }

  /** How much the losses of a stretch scatter; `isProven`: also when that is more than is known. */
  scatter(lost: number, frames: number, isProven: boolean): void {
    const off = lost / frames - this.#rate;
    const variance = Math.max(this.#rate, 0.01) * (1 - this.#rate) / frames;
    const scatter = Math.min(MOST_SCATTER, off * off / variance);
    if (!isProven && scatter >= this.#dispersion) return;
    const dispersion = this.#dispersion + (scatter - this.#dispersion) * DISPERSION_WEIGHT;
    this.#dispersion = Math.min(MOST_DISPERSION, Math.max(1, dispersion));
  }

  #raised(rate: number): number {
    return this.#rate + UNPROVEN * (rate - this.#rate);
  }

  #deviation(frames: number, least: number, dispersion: number): number {
    const rate = Math.max(this.#rate, least);
    return Math.sqrt(dispersion * rate * (1 - rate) / Math.max(frames, 8));
  }

  #update(): void {
    const { lost, frames } = this.#pool;
    let rate = frames > 0 ? lost / frames : 0;
    if (this.#slack.frames > 0) {
      const slack = this.#slack.lost / this.#slack.frames;
      const variance = this.#dispersion * Math.max(slack, 0.002) / this.#slack.frames;
      rate = Math.min(rate, slack + 2 * Math.sqrt(variance));
    }
    this.#rate = Math.min(MOST_FLOOR, rate);
  }
}
