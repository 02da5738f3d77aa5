/**
 * HighSpeed TCP (RFC 3649): the larger the window, the faster it grows and the less it shrinks, so
 * that a loss in ten million packets is enough for 10 Gbit/s; small windows behave as Reno's.
 *
 * @module
 */
import { exponential, naturalLog } from "../deterministic_math.ts";
import type { AckSample } from "./congestion.ts";
import type { GrowthLaw } from "./loss_based.ts";

// Tuning. All values: RFC 3649, section 5.

/** Up to this window it is Reno. */
const LOW_WINDOW = 38;
const LOW_DECREASE = 0.5;

/** The far end of the scale: window, loss rate and decrease there. */
const HIGH_WINDOW = 83_000;
const HIGH_DECREASE = 0.1;

/** The response function: loss rate = 0.078 / window^1.2. */
const RESPONSE_FACTOR = 0.078;
const RESPONSE_POWER = 1.2;

const LOG_LOW = naturalLog(LOW_WINDOW);
const LOG_SPAN = naturalLog(HIGH_WINDOW) - LOG_LOW;

/** The law. */
export class HighSpeedGrowth implements GrowthLaw {
  readonly name = "highspeed";

  onLoss(window: number): number {
    return window * (1 - decrease(window));
  }

  onAcked(window: number, { acked }: AckSample): number {
    return window + increase(window) * acked / window;
  }

  restart(): void {
    // It remembers nothing.
  }

  save(): () => void {
    return () => {};
  }
}

/** b(w): the part of the window that is given up for a loss. */
function decrease(window: number): number {
  if (window <= LOW_WINDOW) return LOW_DECREASE;
  const place = (naturalLog(window) - LOG_LOW) / LOG_SPAN;
  return Math.max(HIGH_DECREASE, LOW_DECREASE + (HIGH_DECREASE - LOW_DECREASE) * place);
}

/** a(w): segments by which the window grows in a round trip. */
function increase(window: number): number {
  if (window <= LOW_WINDOW) return 1;
  const lossRate = RESPONSE_FACTOR / exponential(RESPONSE_POWER * naturalLog(window));
  const part = decrease(window);
  return Math.max(1, window * window * lossRate * 2 * part / (2 - part));
}
