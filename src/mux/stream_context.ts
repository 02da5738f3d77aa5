/**
 * What the streams of one session share. Types only.
 *
 * @module
 */
import type { ReceiveBudget } from "./receive_budget.ts";
import type { RttEstimator } from "./rtt.ts";

/** What the streams of one session share, as a stream sees it. */
export interface StreamContext {
  readonly budget: ReceiveBudget;
  /** Whether the other side is known to be of our own kind. */
  readonly isOwnKind: boolean;
  /** When the newest frame left that has arrived. */
  readonly provenAt: number;
  /** Whether openings may leave; else they wait. */
  readonly mayOpen: boolean;
  readonly rtt: RttEstimator;
}
