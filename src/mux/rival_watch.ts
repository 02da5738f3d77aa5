/**
 * A bound of the window for a path where others hold the queue, so that they get their share of it.
 *
 * Who keeps filling the queue until it overflows, as CUBIC does, never lets it run empty: a model of
 * the path then takes the queue for a part of it, and would send on whatever is lost. So while the path
 * is crowded (`shortest_rtt.ts`) a loss counts as it does for the others: the window shrinks by a
 * part and grows again with time. It is only a bound: while nothing is lost there is none.
 *
 * @module
 */
import type { AckSample } from "./congestion.ts";
import { MaxFilter } from "./max_filter.ts";

// Tuning. From a simulation with CUBIC at 100 Mbit/s behind queues of one and two bandwidth-delay
// products, and at 20 Mbit/s and 200 ms.

/** What is left of the window after a loss. */
const DECREASE = 0.8;

/**
 * How the window grows, packets a ms: CUBIC at the windows of these paths gains 20 to 30 packets a
 * second on average. And parts of it a ms, for windows so small that this would be a leap.
 */
const INCREASE = 0.03;
const INCREASE_PART = 1 / 4_000;

/** Smallest window, packets: below it one loss cannot be told from reordering. */
const LEAST_WINDOW = 4;

/** A window grows while so much of it was in flight. */
const USED = 0.8;

/** Rounds over which the inflight is taken: a loss during a probe is of what was sent before. */
const ROUNDS = 10;

/** On a path with a floor below this every loss counts; else only those that it does not explain. */
const NO_FLOOR = 0.001;

/** The watch over one path. */
export class RivalWatch {
  readonly #inFlight = new MaxFilter(ROUNDS);
  #window = Infinity;
  #at = 0;
  /** Losses among frames up to this number belong to a reduction that was already made. */
  #reducedUpTo = -1;

  /** The most that may be in flight, packets; Infinity: no bound. */
  get window(): number {
    return this.#window;
  }

  /**
   * A report has come.
   *
   * @param isCrowded Whether others hold the queue.
   * @param floor What the path itself loses, 0 to 1.
   * @param isExcess Whether a round has ended that lost more than that.
   */
  onAck(sample: AckSample, isCrowded: boolean, floor: number, isExcess: boolean): void {
    const time = sample.now - this.#at;
    this.#at = sample.now;
    this.#inFlight.add(sample.round, sample.priorInFlight);
    if (!isCrowded) {
      this.#window = Infinity;
      return;
    }
    const hasLost = floor < NO_FLOOR ? sample.lost > 0 : isExcess;
    if (hasLost && sample.highest > this.#reducedUpTo) {
      this.#reducedUpTo = sample.newestSent;
      const used = Math.min(this.#window, this.#inFlight.largest);
      this.#window = Math.max(LEAST_WINDOW, DECREASE * used);
    } else if (sample.priorInFlight >= USED * this.#window) {
      this.#window += Math.min(INCREASE, INCREASE_PART * this.#window) * time;
    }
  }
}
