/**
 * How many parity frames a run or an answer needs, from what is believed of the path.
 *
 * @module
 */
import { MAX_PARITY_COUNT } from "../fec/recoverer.ts";
import {
  leastParity,
  NO_PARITY,
  type ParityMix,
  repairFailure,
  residualLoss,
} from "../fec/redundancy.ts";
import type { LossEstimator } from "./loss_estimator.ts";
import type { RepairSettings } from "./options.ts";

// Tuning.

/** Runs from this length on may have only two thirds of the most overhead. */
const LONG_RUN = 8;
const LONG_RUN_SHARE = 2 / 3;

/**
 * The part of the target that is aimed at: the loss is known roughly, and where it is thought too
 * small more is lost than is saved where it is thought too large.
 */
const AIM = 0.95;

/** For runs by themselves the aim is lower yet where bursts are: how many there are is known less well. */
const LOWER_IN_BURSTS = 0.4;

/** A frame's repair is worth so much parity: short runs have no means against bursts but sheer numbers. */
const WORTH = 60;

/** Quiet times are made up for, but not by aiming below this part of the target. */
const LEAST_AIM = 1 / 4;

/** Frames lost at once that are answered one by one; more are taken for as many. */
const MOST_MISSING = 64;

/** Amounts for one moment; what has been worked out is remembered. */
export class ParityAmount {
  readonly #settings: RepairSettings;
  readonly #estimator: LossEstimator;
  readonly #gapOf: (parityCount: number) => number;
  readonly #answerGapOf: (parityCount: number) => number;
  readonly #aim: number;
  readonly #runs = new Map<number, ParityMix>();
  readonly #answers = new Map<number, ParityMix>();

  /**
   * @param frameRate Frames a ms.
   * @param gapOf Frames from one parity frame of a run to the next, when it has so many.
   * @param answerGapOf The same of an answer.
   */
  constructor(
    settings: RepairSettings,
    estimator: LossEstimator,
    frameRate: number,
    gapOf: (parityCount: number) => number,
    answerGapOf: (parityCount: number) => number,
  ) {
    this.#settings = settings;
    this.#estimator = estimator;
    this.#gapOf = gapOf;
    this.#answerGapOf = answerGapOf;
    const { targetLoss } = settings;
    const quiet = estimator.quietShare(frameRate);
    const aim = (AIM * targetLoss - quiet * estimator.loss) / (1 - quiet);
    this.#aim = Math.max(LEAST_AIM * targetLoss, aim);
  }

  /** Parity in advance for a run. */
  forRun(dataCount: number): ParityMix {
    let mix = this.#runs.get(dataCount);
    if (mix === undefined) {
      const correlationOf = (count: number) =>
        this.#estimator.correlation(dataCount, count, this.#gapOf(count));
      const lower = 1 - LOWER_IN_BURSTS * this.#estimator.stickiness;
      mix = this.#inAdvance(dataCount, lower * this.#aim, correlationOf);
      this.#runs.set(dataCount, mix);
    }
    return mix;
  }

  /**
   * The same for overlapping runs: data and parity leave in a row.
   *
   * @param level Parity frames for each data frame until now.
   */
  forWindow(dataCount: number, level: number): ParityMix {
    const correlationOf = (count: number) =>
      this.#estimator.correlationInRow(dataCount + count, 1 + level);
    return this.#inAdvance(dataCount, this.#aim, correlationOf);
  }

  /** Parity for so many frames that are known to be missing. */
  forMissing(missing: number): ParityMix {
    const count = Math.min(missing, MOST_MISSING);
    let mix = this.#answers.get(count);
    if (mix === undefined) {
      const { loss } = this.#estimator;
      const residualOf = (sent: number) => {
        const correlation = this.#estimator.correlation(1, sent, this.#answerGapOf(sent));
        return loss * repairFailure(sent, count, loss, correlation);
      };
      const most = Math.min(MAX_PARITY_COUNT, Math.ceil(count * (1 + this.#settings.maxOverhead)));
      mix = leastParity(residualOf, this.#aim, most);
      this.#answers.set(count, mix);
    }
    return mix;
  }

  #inAdvance(
    dataCount: number,
    aim: number,
    correlationOf: (parityCount: number) => number,
  ): ParityMix {
    if (this.#estimator.isQuiet) return NO_PARITY;
    const { maxOverhead } = this.#settings;
    const overhead = dataCount < LONG_RUN ? maxOverhead : LONG_RUN_SHARE * maxOverhead;
    const most = Math.min(MAX_PARITY_COUNT, Math.ceil(overhead * dataCount));
    const { loss } = this.#estimator;
    const residualOf = (count: number) =>
      residualLoss(dataCount, count, loss, correlationOf(count));
    const mix = leastParity(residualOf, aim, most);
    return limited(mix, WORTH * loss * dataCount);
  }
}

/** Takes no more than so much, on average. */
function limited(mix: ParityMix, mean: number): ParityMix {
  if (mix.mean <= mean) return mix;
  const low = Math.floor(mean);
  return { low, high: low + 1, share: mean - low, mean };
}
