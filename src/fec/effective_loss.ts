/**
 * What to tell a sender of the original about its loss.
 *
 * It hears of loss as one byte, and chooses its parity by a rule of its own: the smallest p for
 * which the chance of more than p losses among k + p + 1 frames, each lost with byte/256, is at most
 * 10/256, and no more than 2k. Bursts are unknown to that rule, and it aims at whole runs. So the
 * true loss makes it send too little where losses come in bursts, and too much elsewhere.
 *
 * But the byte is a knob: here it is turned to the smallest value for which that rule gives the
 * parity that the run needs.
 *
 * Source: the sosistab wire, version 3, section 4.1.
 *
 * @module
 */
import { burstVariance, correlationOf, repairFailure, residualLoss } from "./redundancy.ts";

// Protocol constants: what the original does.

/** How often it lets a run fail. */
const FAILURE = 10 / 256;

/** Its parity frames for each data frame, at the most. */
const MOST_OVERHEAD = 2;

/** Shards of a run. */
const MOST_SHARDS = 255;

/** The largest byte that is a loss. */
const LARGEST_BYTE = 254;

/**
 * The parity frames that a sender of the original adds to a run.
 *
 * @param lossByte What it was told, 0 to 254.
 * @param dataCount Data frames of the run, 1 to 40.
 */
export function parityOfOriginal(lossByte: number, dataCount: number): number {
  if (lossByte === 0) return 0;
  const most = Math.min(MOST_OVERHEAD * dataCount, MOST_SHARDS - dataCount);
  for (let parityCount = 0; parityCount < most; parityCount++) {
    const sent = dataCount + parityCount + 1;
    if (repairFailure(sent, sent - parityCount, lossByte / 256) <= FAILURE) return parityCount;
  }
  return most;
}

/**
 * The loss byte that makes a sender of the original repair as much as is needed.
 *
 * @param loss The loss of what it sends, 0 to 1.
 * @param stickiness Correlation of the losses of two frames in a row, 0 when they are independent.
 * @param dataCount Data frames of its runs: up to 16, fewer where frames are rare.
 * @param target What may stay lost, above 0 and below 1.
 * @returns 0 to 254. When nothing that it would send meets the target, the smallest byte for which
 * it sends the most.
 */
export function lossByteForOriginal(
  loss: number,
  stickiness: number,
  dataCount: number,
  target: number,
): number {
  const wanted = wantedParity(loss, stickiness, dataCount, target);
  if (wanted === 0) return 0;
  // The rule gives no less for a larger byte.
  let low = 1;
  let high = LARGEST_BYTE;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (parityOfOriginal(middle, dataCount) >= wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

function wantedParity(
  loss: number,
  stickiness: number,
  dataCount: number,
  target: number,
): number {
  const most = MOST_OVERHEAD * dataCount;
  for (let parityCount = 0; parityCount < most; parityCount++) {
    const frames = dataCount + parityCount;
    const correlation = correlationOf(burstVariance(frames, stickiness), frames);
    if (residualLoss(dataCount, parityCount, loss, correlation) <= target) return parityCount;
  }
  return most;
}
