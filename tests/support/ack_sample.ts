/**
 * What a congestion controller is told, as a test wants it.
 */
import type { AckSample } from "../../src/mux/congestion.ts";

/** A sample in the middle of a round on a path of 50 ms; `change` is what matters. */
export function ackSample(change: Partial<AckSample> = {}): AckSample {
  return {
    now: 0,
    rtt: 50,
    leastRtt: 50,
    smoothedRtt: 50,
    round: 1,
    roundStart: false,
    acked: 1,
    lost: 0,
    refused: 0,
    priorInFlight: 10,
    inFlight: 10,
    highest: 0,
    total: 1,
    newestSent: 10,
    segments: 1,
    arrived: 1,
    interval: 50,
    rateIsValid: true,
    appLimited: false,
    ...change,
  };
}
