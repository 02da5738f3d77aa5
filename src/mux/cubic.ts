/**
 * CUBIC (RFC 9438), with HyStart++'s way out of slow start (RFC 9406).
 *
 * The window grows with the cube of the time since the last loss: fast while far from the window at
 * which the loss came, slow near it, fast again beyond. It shrinks to 0.7 once a round trip in which
 * anything was lost, and the reduction is taken back when the loss proves to have been none.
 *
 * @module
 */
import { cubeRoot } from "../deterministic_math.ts";
import type { AckSample, CongestionController } from "./congestion.ts";

// Tuning.

/** Window at the start, segments. RFC 6928 has 10; our packets are paced, so 16 do no harm. */
const INITIAL_WINDOW = 16;

/**
 * Smallest window, segments. RFC 5681 allows 2; below 4 the loss of one segment cannot be told from
 * reordering by the frames behind it.
 */
const LEAST_WINDOW = 4;

/** Largest window, segments: what the ledger of frames can hold, less room for acknowledgements. */
const MOST_WINDOW = 32_768;

/** Scale of the cubic and multiplicative decrease: RFC 9438, section 4. */
const C = 0.4;
const BETA = 0.7;

/** Additive increase that equals Reno's share: RFC 9438, section 4.3. */
const ALPHA = 3 * (1 - BETA) / (1 + BETA);

/** Least number of samples before a round's RTT says anything: RFC 9406, section 4.3. */
const HYSTART_SAMPLES = 8;

/** The rise of the RTT that ends slow start, ms: RFC 9406, section 4.3. */
const HYSTART_LEAST_RISE = 4;
const HYSTART_MOST_RISE = 16;

/** Pace in slow start and after it, windows a smoothed round trip: Linux has the same. */
const SLOW_START_PACE = 2;
const AVOIDANCE_PACE = 1.2;

interface Saved {
  readonly window: number;
  readonly threshold: number;
  readonly lastMaximum: number;
}

/** The controller. */
export class Cubic implements CongestionController {
  readonly name = "cubic";
  #window = INITIAL_WINDOW;
  #threshold = Infinity;
  #pacingRate: number;

  /** Window before the last reduction. */
  #lastMaximum = 0;
  /** When growth began anew, the window then, and how long until it is back at the maximum. */
  #epochAt = -1;
  #timeToMaximum = 0;
  #renoWindow = 0;

  /** Losses among frames up to this number belong to a reduction that was already made. */
  #reducedUpTo = -1;
  #saved: Saved | undefined;

  #roundLeast = Infinity;
  #roundSamples = 0;

  /** @param rtt A first guess of the round trip, ms. */
  constructor(rtt: number) {
    this.#pacingRate = SLOW_START_PACE * INITIAL_WINDOW / Math.max(1, rtt);
  }

  get window(): number {
    return this.#window;
  }

  get pacingRate(): number {
    return this.#pacingRate;
  }

  onAck(sample: AckSample): void {
    this.#watchSlowStart(sample);
    if (sample.lost > 0 && sample.highest > this.#reducedUpTo) this.#reduce(sample);
    else if (sample.acked > 0 && this.#isUsed(sample)) this.#grow(sample);
    this.#window = Math.min(MOST_WINDOW, Math.max(LEAST_WINDOW, this.#window));
    const pace = this.#window < this.#threshold ? SLOW_START_PACE : AVOIDANCE_PACE;
    this.#pacingRate = pace * this.#window / Math.max(sample.smoothedRtt, 0.1);
  }

  onTimeout(): void {
    this.#remember();
    this.#threshold = Math.max(LEAST_WINDOW, this.#window * BETA);
    this.#window = LEAST_WINDOW;
    this.#epochAt = -1;
  }

  onSpuriousLoss(): void {
    if (this.#saved === undefined) return;
    this.#window = Math.max(this.#window, this.#saved.window);
    this.#threshold = this.#saved.threshold;
    this.#lastMaximum = this.#saved.lastMaximum;
    this.#epochAt = -1;
    this.#saved = undefined;
  }

  /** A window that the application does not fill says nothing about the path: it must not grow. */
  #isUsed(sample: AckSample): boolean {
    return sample.priorInFlight >= this.#window * 0.8;
  }

  #watchSlowStart(sample: AckSample): void {
    this.#roundLeast = Math.min(this.#roundLeast, sample.rtt);
    this.#roundSamples++;
    if (!sample.roundStart) return;
    const rise = Math.min(HYSTART_MOST_RISE, Math.max(HYSTART_LEAST_RISE, sample.leastRtt / 8));
    if (
      this.#window < this.#threshold && this.#roundSamples >= HYSTART_SAMPLES &&
      this.#roundLeast > sample.leastRtt + rise
    ) this.#threshold = this.#window;
    this.#roundLeast = Infinity;
    this.#roundSamples = 0;
  }

  #remember(): void {
    this.#saved = {
      window: this.#window,
      threshold: this.#threshold,
      lastMaximum: this.#lastMaximum,
    };
  }

  #reduce(sample: AckSample): void {
    this.#remember();
    this.#reducedUpTo = sample.newestSent;
    this.#epochAt = -1;
    // Fast convergence: who loses below the old maximum has a new neighbour and makes room.
    this.#lastMaximum = this.#window < this.#lastMaximum
      ? this.#window * (1 + BETA) / 2
      : this.#window;
    this.#window *= BETA;
    this.#threshold = Math.max(LEAST_WINDOW, this.#window);
  }

  #grow(sample: AckSample): void {
    if (this.#window < this.#threshold) {
      this.#window += sample.acked;
      return;
    }
    if (this.#epochAt < 0) {
      this.#epochAt = sample.now;
      this.#timeToMaximum = cubeRoot(Math.max(0, this.#lastMaximum - this.#window) / C);
      this.#renoWindow = this.#window;
      // Slow start may have ended above any window that ever saw a loss.
      this.#lastMaximum = Math.max(this.#lastMaximum, this.#window);
    }
    const seconds = (sample.now - this.#epochAt + sample.leastRtt) / 1000;
    const beyond = seconds - this.#timeToMaximum;
    const cubic = this.#lastMaximum + C * beyond * beyond * beyond;
    this.#renoWindow += ALPHA * sample.acked / this.#window;
    const target = Math.min(1.5 * this.#window, Math.max(cubic, this.#window));
    this.#window += (target - this.#window) * sample.acked / this.#window;
    this.#window = Math.max(this.#window, this.#renoWindow);
  }
}
