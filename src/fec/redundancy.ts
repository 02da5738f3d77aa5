/**
 * How much parity a run needs: exact arithmetic of what stays lost.
 *
 * A run of k data and p parity frames gives back everything as long as k of the k + p come. So a
 * data frame stays lost when it is lost and p of its k + p - 1 companions are lost with it:
 *
 *     residual(k, p) = e P[at least p of k + p - 1 are lost]
 *
 * This is what a user notices. Whether a run fails as a whole is another question, and its answer
 * costs more parity for the same ear.
 *
 * Two things make losses of one run alike: they come in bursts, and the loss rate itself is known
 * only roughly. Both are put into one number, the *correlation* of two losses in a run: 0 makes the
 * count of losses binomial, more makes it beta-binomial, of the same mean (N. L. Johnson,
 * A. W. Kemp and S. Kotz, "Univariate Discrete Distributions", 2005, section 6.2.2).
 *
 * Parity comes in whole frames, and the target seldom does: the cheapest way to meet it on average
 * is to mix two neighbours on the lower convex hull of residual(p). That saves 20 to 50 % of the
 * parity at 1 to 2 % loss, and 1 to 10 % above.
 *
 * @module
 */

// Tuning.

/** Beyond it nothing is repaired anyway, and products of what arrives stay far from 0. */
const MOST_LOSS = 0.9;

/** Closer to 1 all frames of a run would share one fate. */
const MOST_CORRELATION = 0.95;

/** Below it the beta-binomial law is the binomial one, but for rounding. */
const LEAST_CORRELATION = 1e-9;

/** Two numbers of parity frames, and how often to take the larger. */
export interface ParityMix {
  /** The smaller number. */
  readonly low: number;
  /** The larger number. */
  readonly high: number;
  /** The share of runs that get the larger, 0 to 1. */
  readonly share: number;
  /** Parity frames on average. */
  readonly mean: number;
}

/** No parity at all. */
export const NO_PARITY: ParityMix = { low: 0, high: 0, share: 0, mean: 0 };

/**
 * The share of data frames that stay lost.
 *
 * @param dataCount Data frames of a run, at least 1.
 * @param parityCount Its parity frames.
 * @param loss How likely a frame is lost, 0 to 1.
 * @param correlation Of two losses in the run, 0 to 1.
 */
export function residualLoss(
  dataCount: number,
  parityCount: number,
  loss: number,
  correlation = 0,
): number {
  const frames = dataCount + parityCount - 1;
  return loss * atLeast(frames, parityCount, loss, correlation, 1);
}

/**
 * The chance that of so many frames sent so few arrive that not all missing ones are rebuilt.
 *
 * @param sent Parity frames sent.
 * @param missing Data frames that are known to be missing.
 * @param loss How likely a frame is lost, 0 to 1.
 * @param correlation Of two losses, 0 to 1.
 */
export function repairFailure(
  sent: number,
  missing: number,
  loss: number,
  correlation = 0,
): number {
  return sent < missing ? 1 : atLeast(sent, sent - missing + 1, loss, correlation, 0);
}

/**
 * How much the variance of the losses among so many frames in a row exceeds that of independent
 * losses, when each tells of the next: a path with a good and a bad state (E. N. Gilbert, 1960).
 *
 * @param frames In a row.
 * @param stickiness Correlation of the losses of two neighbours, 0 to below 1.
 */
export function burstVariance(frames: number, stickiness: number): number {
  if (!(stickiness > 0) || frames <= 1) return 1;
  const r = Math.min(stickiness, MOST_CORRELATION);
  const decayed = wholePower(r, Math.round(frames));
  return Math.max(1, (1 + r) / (1 - r) - 2 * r * (1 - decayed) / (frames * (1 - r) * (1 - r)));
}

/**
 * The same for a run: data frames in a row, then parity frames with others in between.
 *
 * @param gap Frames from one parity frame to the next, on average, at least 1.
 */
export function runVariance(
  dataCount: number,
  parityCount: number,
  gap: number,
  stickiness: number,
): number {
  if (!(stickiness > 0)) return 1;
  const near = Math.min(stickiness, MOST_CORRELATION);
  const far = near * (wholePower(near, Math.floor(gap) - 1) * (1 - (gap % 1) * (1 - near)));
  let reach = 0;
  let sum = 0;
  for (let i = 1; i < dataCount + parityCount; i++) {
    reach = (i < dataCount ? near : far) * (1 + reach);
    sum += reach;
  }
  return 1 + 2 * sum / (dataCount + parityCount);
}

/**
 * The correlation of two losses among so many frames, from the excess of their variance.
 *
 * @param variance As {@linkcode burstVariance} gives it, at least 1.
 */
export function correlationOf(variance: number, frames: number): number {
  return frames <= 1 ? 0 : Math.min(MOST_CORRELATION, Math.max(0, (variance - 1) / (frames - 1)));
}

/**
 * The cheapest mix of parity counts that meets a target on average.
 *
 * @param residualOf What stays lost with so many parity frames; falls as they grow.
 * @param target What may stay lost.
 * @param most Parity frames at the most; they are all used when the target is out of reach.
 */
export function leastParity(
  residualOf: (parityCount: number) => number,
  target: number,
  most: number,
): ParityMix {
  const hull: { count: number; residual: number }[] = [];
  for (let count = 0; count <= most; count++) {
    const residual = residualOf(count);
    while (
      hull.length >= 2 && !isBelow(hull[hull.length - 2]!, hull[hull.length - 1]!, count, residual)
    ) {
      hull.pop();
    }
    hull.push({ count, residual });
    // What comes later could only matter for far lower targets.
    if (residual <= target / 16) break;
  }
  for (const [i, { count, residual }] of hull.entries()) {
    if (residual > target) continue;
    const before = hull[i - 1];
    if (before === undefined) return NO_PARITY;
    const share = (before.residual - target) / (before.residual - residual);
    const mean = before.count + share * (count - before.count);
    return { low: before.count, high: count, share, mean };
  }
  return { low: most, high: most, share: 0, mean: most };
}

/** Whether the middle point lies below the line from the first to a new one. */
function isBelow(
  first: { count: number; residual: number },
  middle: { count: number; residual: number },
  count: number,
  residual: number,
): boolean {
  return (middle.residual - first.residual) * (count - first.count) <
    (residual - first.residual) * (middle.count - first.count);
}

/**
 * P[at least `least` of `frames` are lost].
 *
 * @param known How many further frames of the same run are known to be lost: they make the rest
 * more likely to be.
 */
function atLeast(
  frames: number,
  least: number,
  loss: number,
  correlation: number,
  known: number,
): number {
  if (least <= 0) return 1;
  if (least > frames || loss <= 0) return 0;
  const e = Math.min(loss, MOST_LOSS);
  if (correlation < LEAST_CORRELATION) return atLeastBinomial(frames, least, e);
  const weight = 1 / Math.min(correlation, MOST_CORRELATION) - 1;
  return atLeastBetaBinomial(frames, least, e * weight + known, (1 - e) * weight);
}

function atLeastBinomial(frames: number, least: number, loss: number): number {
  const odds = loss / (1 - loss);
  let chance = wholePower(1 - loss, frames);
  let fewer = 0;
  for (let lost = 0; lost < least; lost++) {
    fewer += chance;
    chance *= (frames - lost) / (lost + 1) * odds;
  }
  return Math.max(0, 1 - fewer);
}

function atLeastBetaBinomial(frames: number, least: number, a: number, b: number): number {
  let chance = 1;
  for (let i = 0; i < frames; i++) chance *= (b + i) / (a + b + i);
  let fewer = 0;
  for (let lost = 0; lost < least; lost++) {
    fewer += chance;
    chance *= (frames - lost) / (lost + 1) * ((a + lost) / (b + frames - lost - 1));
  }
  return Math.max(0, 1 - fewer);
}

/** `base` to the power of a whole number, by squaring: the same everywhere. */
function wholePower(base: number, exponent: number): number {
  let power = 1;
  for (let square = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power *= square;
    square *= square;
  }
  return power;
}
