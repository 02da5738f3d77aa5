/**
 * What controllers have in common that slow down for every loss: CUBIC, BIC, HighSpeed.
 *
 * The window doubles each round trip (slow start) until something is lost or a queue is seen
 * (HyStart++, RFC 9406); from then on a law of growth decides. It shrinks once a round trip in which
 * anything was lost, and the reduction is taken back when the loss proves to have been none.
 *
 * @module
 */
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

/** Least number of samples before a round's RTT says anything: RFC 9406, section 4.3. */
const HYSTART_SAMPLES = 8;

/** The rise of the RTT that ends slow start, ms: RFC 9406, section 4.3. */
const HYSTART_LEAST_RISE = 4;
const HYSTART_MOST_RISE = 16;

/** Pace in slow start and after it, windows a smoothed round trip: Linux has the same. */
const SLOW_START_PACE = 2;
const AVOIDANCE_PACE = 1.2;

/** A window is in use when so much of it was in flight. */
const USED = 0.8;

/** How a window shrinks and grows beyond slow start. */
export interface GrowthLaw {
  /** Its name, for statistics. */
  readonly name: string;
  /** Something was lost: the window from now on. */
  onLoss(window: number): number;
  /** Segments were acknowledged: the window from now on. */
  onAcked(window: number, sample: AckSample): number;
  /** Slow start has ended, or everything was lost: growth begins anew. */
  restart(): void;
  /** @returns Brings back what was known before a loss that was none. */
  save(): () => void;
}

interface Saved {
  readonly window: number;
  readonly threshold: number;
  readonly restore: () => void;
}

/** A controller that slows down for every loss. */
export class LossBased implements CongestionController {
  readonly #law: GrowthLaw;
  #window = INITIAL_WINDOW;
  #threshold = Infinity;
  #pacingRate: number;
  /** Losses among frames up to this number belong to a reduction that was already made. */
  #reducedUpTo = -1;
  #saved: Saved | undefined;
  #roundLeast = Infinity;
  #roundSamples = 0;

  /** @param rtt A first guess of the round trip, ms. */
  constructor(law: GrowthLaw, rtt: number) {
    this.#law = law;
    this.#pacingRate = SLOW_START_PACE * INITIAL_WINDOW / Math.max(1, rtt);
  }

  get name(): string {
    return this.#law.name;
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
    this.#save();
    this.#threshold = Math.max(LEAST_WINDOW, this.#law.onLoss(this.#window));
    this.#window = LEAST_WINDOW;
    this.#law.restart();
  }

  onSpuriousLoss(): void {
    if (this.#saved === undefined) return;
    this.#window = Math.max(this.#window, this.#saved.window);
    this.#threshold = this.#saved.threshold;
    this.#saved.restore();
    this.#law.restart();
    this.#saved = undefined;
  }

  /** A window that the application does not fill says nothing about the path: it must not grow. */
  #isUsed(sample: AckSample): boolean {
    return sample.priorInFlight >= this.#window * USED;
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

  #save(): void {
    this.#saved = {
      window: this.#window,
      threshold: this.#threshold,
      restore: this.#law.save(),
    };
  }

  #reduce(sample: AckSample): void {
    this.#save();
    this.#reducedUpTo = sample.newestSent;
    this.#law.restart();
    this.#window = this.#law.onLoss(this.#window);
    this.#threshold = Math.max(LEAST_WINDOW, this.#window);
  }

  #grow(sample: AckSample): void {
    if (this.#window < this.#threshold) this.#window += sample.acked;
    else this.#window = this.#law.onAcked(this.#window, sample);
  }
}
