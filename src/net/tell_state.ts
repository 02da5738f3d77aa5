/**
 * Tells the host how a session is doing, where it wants to know: the simulator logs it.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { RttEstimator } from "../mux/rtt.ts";

/**
 * Tells the state, before a packet is sealed.
 *
 * @param window Packets that may be in flight; `undefined` without a multiplex.
 */
export function tellState(host: Host, rtt: RttEstimator, window: (() => number) | undefined): void {
  if (host.onSessionState === undefined) return;
  const state = { rtt: rtt.smoothed };
  host.onSessionState(window === undefined ? state : { ...state, window: window() });
}
