/**
 * When to ask again because nothing is heard (RFC 9002, section 6.2).
 *
 * The second probe waits as long as the first: it may have been lost, and one more packet a round
 * trip harms nobody. From then on the wait grows by half, up to a cap that keeps a path that comes
 * back from going unnoticed for long.
 *
 * @module
 */
import { ACK_ALLOWANCE } from "./ack_policy.ts";
import type { RttEstimator } from "./rtt.ts";

// Tuning.

/** What is granted beyond the round trip at the least, ms. */
const LEAST_MARGIN = 5;

/** Growth of the wait from the third probe on: measured against 2 in a lossy path simulation. */
const BACKOFF = 1.5;

/** The longest wait, ms and smoothed round trips, whichever is more. */
const MOST_WAIT = 500;
const MOST_WAIT_RTTS = 4;

/** Counts probes in vain, and says how long to wait. */
export class ProbeTimer {
  #count = 0;

  /** Probes since the last answer. */
  get count(): number {
    return this.#count;
  }

  /** A probe is being sent. */
  onProbe(): void {
    this.#count++;
  }

  /** Something was acknowledged. */
  onAnswer(): void {
    this.#count = 0;
  }

  /** How long to wait for an answer before the next probe, ms. */
  timeout(rtt: RttEstimator): number {
    const margin = Math.max(LEAST_MARGIN, Math.min(2 * rtt.variance, rtt.smoothed));
    const first = rtt.smoothed + margin + ACK_ALLOWANCE;
    const most = Math.max(first, MOST_WAIT, MOST_WAIT_RTTS * rtt.smoothed);
    let wait = first;
    for (let i = 1; i < this.#count && wait < most; i++) wait *= BACKOFF;
    return Math.min(wait, most);
  }
}
