/**
 * What is believed of a path's loss: how much, how bursty, and how sure that is.
 *
 * Settled reports are gathered into buckets. The rules:
 *
 *  - the loss is that of all buckets in memory: some fifteen seconds, more where frames are rare;
 *  - a *change* forgets: when the newest part of the memory, in any of several lengths, loses more
 *    or less than the older part explains, the older part goes;
 *  - *burstiness* shows in how much the losses of short samples scatter: more than independent
 *    losses would. It is told as stickiness, the correlation of two neighbours' losses;
 *  - *doubt* is part of the law: few frames make losses of one run alike, just as bursts do;
 *  - a path without loss for two and a half seconds is *quiet*, whatever it was before.
 *
 * A weak prior says that a path loses about one frame in three hundred, so that nothing is repaired
 * before there is something to repair.
 *
 * @module
 */
import { exponential, naturalLog } from "../deterministic_math.ts";
import { burstVariance, correlationOf, runVariance } from "../fec/redundancy.ts";

// Tuning. The figures were found in closed-loop simulations at 50 to 10,000 frames a second.

/** Least length of a bucket, ms, and its frames: fewer say nothing of a change. */
const BUCKET = 50;
const BUCKET_FRAMES = 8;

/** How long buckets are remembered, ms; longer until there are so many frames; never longer. */
const MEMORY = 15_000;
const MEMORY_FRAMES = 1500;
const MOST_MEMORY = 60_000;

/** Newest parts that are compared with what is older, ms. */
const SCALES = [200, 400, 800, 1600, 3200];

/** Standard deviations that make a change: without detection a step from 5 to 20 % hurts for seconds. */
const CHANGE = 3.7;

/** Losses and arrivals that are believed beforehand. */
const PRIOR_LOST = 0.1;
const PRIOR_ARRIVED = 30;

/** Samples of burstiness: their frames at least, and how long they are remembered, ms. */
const SAMPLE_FRAMES = 8;
const SAMPLE_MEMORY = 20_000;

/** Samples' worth of "independent" that burstiness has to overcome, and deviations of chance. */
const INDEPENDENT_SAMPLES = 8;
const CHANCE = 1.5;

/** A sample's square counts at the most so many times the expected one, or as a burst of seven. */
const MOST_SQUARE = 60;
const BURST_SQUARE = 50;

/** Below these burstiness cannot be told. */
const LEAST_FRAMES_TOLD = 40;
const LEAST_LOSS_TOLD = 0.002;

/** A path is quiet after so long without loss, ms, and so many frames. */
const QUIET = 2500;
const QUIET_FRAMES = 100;

/** A loss that was measured. */
export interface LossSample {
  /** Frames that it was measured by. */
  readonly frames: number;
  /** 0 to 1. */
  readonly loss: number;
}

interface Bucket {
  at: number;
  frames: number;
  lost: number;
}

/** The loss of one direction. Times in ms. */
export class LossEstimator {
  #buckets: Bucket[] = [];
  #frames = 0;
  #lost = 0;
  #changes = 0;
  #stickiness = 0;
  #sampleFrames = 0;
  #sampleLost = 0;
  #sampledAt = 0;
  #scatter = 0;
  #expectedScatter = 0;
  #scatterFrames = 0;
  #scatterSamples = 0;
  #quietSince = -Infinity;
  #quietFrames = 0;
  #newestAt = -Infinity;

  /** Frames in memory. */
  get frames(): number {
    return this.#frames;
  }

  /** How often the path has changed. */
  get changes(): number {
    return this.#changes;
  }

  /** The share of the frames in memory that was lost, 0 to 1. */
  get measured(): number {
    return this.#frames > 0 ? Math.max(0, this.#lost) / this.#frames : 0;
  }

  /** The loss of so many of the newest frames: what a path does now, whether it has changed or not. */
  newest(count: number): LossSample {
    let frames = 0;
    let lost = 0;
    for (let i = this.#buckets.length - 1; i >= 0 && frames < count; i--) {
      frames += this.#buckets[i]!.frames;
      lost += this.#buckets[i]!.lost;
    }
    return { frames, loss: frames > 0 ? Math.max(0, lost) / frames : 0 };
  }

  /** What is believed of the next frame, 0 to 1. */
  get loss(): number {
    return (Math.max(0, this.#lost) + PRIOR_LOST) / (this.#frames + PRIOR_LOST + PRIOR_ARRIVED);
  }

  /** Correlation of the losses of two frames in a row, 0 when they are independent. */
  get stickiness(): number {
    return this.#stickiness;
  }

  /** Mean number of frames lost in a row. */
  get burstLength(): number {
    return 1 / ((1 - this.#stickiness) * (1 - this.loss));
  }

  /** Whether nothing has been lost for long. */
  get isQuiet(): boolean {
    return this.#newestAt - this.#quietSince >= QUIET && this.#quietFrames >= QUIET_FRAMES;
  }

  /**
   * The share of the time in which the path will be taken for quiet although it is not: losses may
   * be that rare.
   *
   * @param frameRate Frames a ms.
   */
  quietShare(frameRate: number): number {
    const frames = Math.max(QUIET_FRAMES, QUIET * frameRate);
    return exponential(-frames * this.loss * (1 - this.#stickiness));
  }

  /**
   * Takes what has settled.
   *
   * @param frames Frames that have settled.
   * @param lost How many of them were lost; below 0 to take back what was told before.
   * @param at When the newest of them was sent.
   */
  onSettled(frames: number, lost: number, at: number): void {
    if (frames <= 0 && lost >= 0) return;
    this.#newestAt = Math.max(this.#newestAt, at);
    if (lost > 0) {
      this.#quietSince = this.#newestAt;
      this.#quietFrames = 0;
    } else this.#quietFrames += frames;
    this.#frames += frames;
    this.#lost += lost;
    this.#sample(frames, lost);
    const newest = this.#buckets.at(-1);
    const isOpen = newest !== undefined &&
      (this.#newestAt - newest.at < BUCKET || newest.frames < BUCKET_FRAMES);
    if (isOpen) {
      newest.frames += frames;
      newest.lost += lost;
      return;
    }
    this.#forgetOld();
    this.#forgetChanged();
    this.#measureBursts();
    this.#buckets.push({ at: this.#newestAt, frames, lost });
  }

  /** Forgets everything: it was not the path's doing. */
  reset(): void {
    this.#buckets = [];
    this.#frames = this.#lost = 0;
    this.#sampleFrames = this.#sampleLost = 0;
    this.#scatter =
      this.#expectedScatter =
      this.#scatterFrames =
      this.#scatterSamples =
        0;
    this.#stickiness = 0;
  }

  /**
   * The correlation of two losses within a run, from bursts and from doubt.
   *
   * @param gap Frames from one parity frame to the next.
   */
  correlation(dataCount: number, parityCount: number, gap: number): number {
    const variance = runVariance(dataCount, parityCount, gap, this.#stickiness);
    return correlationOf(variance, dataCount + parityCount) + this.#doubt;
  }

  /**
   * The same among packets in a row.
   *
   * @param packetsPerFrame Packets for each data frame: what is in between hides how alike the fates
   * of neighbours are.
   */
  correlationInRow(packets: number, packetsPerFrame: number): number {
    const stickiness = this.#stickiness > 0
      ? exponential(naturalLog(this.#stickiness) / packetsPerFrame)
      : 0;
    return correlationOf(burstVariance(packets, stickiness), packets) + this.#doubt;
  }

  /** Little is known of a path of which little was seen, and less when losses come in bursts. */
  get #doubt(): number {
    const known = this.#frames + PRIOR_LOST + PRIOR_ARRIVED;
    return 1 / (known / burstVariance(known, this.#stickiness) + 1);
  }

  #forgetOld(): void {
    let count = 0;
    let frames = this.#frames;
    for (const bucket of this.#buckets) {
      const age = this.#newestAt - bucket.at;
      if (age <= MEMORY || (age <= MOST_MEMORY && frames - bucket.frames < MEMORY_FRAMES)) break;
      frames -= bucket.frames;
      count++;
    }
    this.#drop(count);
  }

  #drop(count: number): void {
    for (const { frames, lost } of this.#buckets.splice(0, count)) {
      this.#frames -= frames;
      this.#lost -= lost;
    }
  }

  /** Compares counts by their square roots, whose variance hardly depends on the mean (Anscombe). */
  #forgetChanged(): void {
    let frames = 0;
    let lost = 0;
    let i = this.#buckets.length - 1;
    for (const scale of SCALES) {
      for (; i >= 0 && this.#buckets[i]!.at > this.#newestAt - scale; i--) {
        frames += this.#buckets[i]!.frames;
        lost += this.#buckets[i]!.lost;
      }
      const older = this.#frames - frames;
      if (i < 1 || older < frames || frames < BUCKET_FRAMES) continue;
      const e = (Math.max(0, this.#lost - lost) + PRIOR_LOST) /
        (older + PRIOR_LOST + PRIOR_ARRIVED);
      const variance = burstVariance(frames, this.#stickiness) * (1 - e) * (1 + frames / older);
      const distance = 2 * (root(lost) - root(frames * e)) / Math.sqrt(variance);
      if (Math.abs(distance) <= CHANGE) continue;
      this.#drop(i + 1);
      this.#changes++;
      return;
    }
  }

  #sample(frames: number, lost: number): void {
    this.#sampleFrames += frames;
    this.#sampleLost += lost;
    if (this.#sampleFrames < SAMPLE_FRAMES) return;
    const e = this.loss;
    const expected = this.#sampleFrames * e * (1 - e);
    if (this.#frames > LEAST_FRAMES_TOLD && e > LEAST_LOSS_TOLD) {
      const excess = this.#sampleLost - this.#sampleFrames * e;
      const kept = exponential(-(this.#newestAt - this.#sampledAt) / SAMPLE_MEMORY);
      this.#scatter = this.#scatter * kept +
        Math.min(excess * excess, Math.max(BURST_SQUARE, MOST_SQUARE * expected));
      this.#expectedScatter = this.#expectedScatter * kept + expected;
      this.#scatterFrames = this.#scatterFrames * kept + this.#sampleFrames;
      this.#scatterSamples = this.#scatterSamples * kept + 1;
    }
    this.#sampledAt = this.#newestAt;
    this.#sampleFrames = this.#sampleLost = 0;
  }

  /** Finds the stickiness that makes samples scatter as much as they did. */
  #measureBursts(): void {
    if (this.#scatterSamples < 1) return;
    const e = this.loss;
    const length = this.#scatterFrames / this.#scatterSamples;
    const independent = INDEPENDENT_SAMPLES * length * e * (1 - e);
    const scatter = (this.#scatter + independent) / (this.#expectedScatter + independent);
    // How much the scatter of rare losses varies by itself.
    const perSample = this.#expectedScatter / this.#scatterSamples;
    const chance = Math.sqrt((2 + 1 / perSample) / (this.#scatterSamples + INDEPENDENT_SAMPLES));
    const variance = scatter - CHANCE * chance;
    let low = 0;
    let high = 0.95;
    if (variance <= 1) high = 0;
    for (let i = 0; i < 16 && high > 0; i++) {
      const middle = (low + high) / 2;
      if (burstVariance(length, middle) < variance) low = middle;
      else high = middle;
    }
    this.#stickiness = (low + high) / 2;
  }
}

function root(count: number): number {
  return Math.sqrt(Math.max(0, count) + 0.375);
}
