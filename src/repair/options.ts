/**
 * What a user may set about repair.
 *
 * @module
 */

// Tuning.

/** What may stay lost: half a percent is hardly heard in a call. */
const TARGET_LOSS = 0.005;

/** How long repair in advance may take, ms: a packet of voice. */
const DELAY = 20;

/** Beyond these a setting is a mistake. */
const MOST_DELAY = 10_000;
const MOST_OVERHEAD = 10;

/** Parity frames for each data frame: with 3 a voice call over 30 % loss is still a call. */
const OVERHEAD = 3;

/** Settings of repair. */
export interface RepairOptions {
  /**
   * The share of messages that may stay lost, above 0 and below 1; 0.005 by default. Less costs
   * more parity.
   */
  readonly targetLoss?: number;
  /**
   * How long repair in advance may take, ms, above 0 and at most 10,000; 20 by default. The parity of
   * a message is complete at 1.25 times this after it was sent. More time costs less parity.
   */
  readonly delay?: number;
  /**
   * Parity for each data frame at the most, 0 to 10; 3 by default, for runs of 8 frames and more two
   * thirds of it. 0: nothing is repaired.
   */
  readonly maxOverhead?: number;
}

/** The same with nothing left open. */
export type RepairSettings = Required<RepairOptions>;

/**
 * Fills in what is not set.
 *
 * @throws {RangeError} A setting lies outside of its range.
 */
export function repairSettings(options: RepairOptions = {}): RepairSettings {
  const { targetLoss = TARGET_LOSS, delay = DELAY, maxOverhead = OVERHEAD } = options;
  if (!(targetLoss > 0 && targetLoss < 1)) {
    throw new RangeError(`targetLoss must be above 0 and below 1, got ${targetLoss}`);
  }
  if (!(delay > 0 && delay <= MOST_DELAY)) {
    throw new RangeError(`delay must be above 0 and at most ${MOST_DELAY} ms, got ${delay}`);
  }
  if (!(maxOverhead >= 0 && maxOverhead <= MOST_OVERHEAD)) {
    throw new RangeError(`maxOverhead must be from 0 to ${MOST_OVERHEAD}, got ${maxOverhead}`);
  }
  return { targetLoss, delay, maxOverhead };
}
