/**
 * Tells the host how a session is doing, where it wants to know: for logs.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { RttEstimator } from "../mux/rtt.ts";
import { isReliable } from "../transport/link.ts";
import type { SessionPath } from "./session_path.ts";

/**
 * Tells the state, before a packet is sealed.
 *
 * @param window Packets that may be in flight; `undefined` without a multiplex.
 */
export function tellState(
  { host, rtt }: { readonly host: Host; readonly rtt: RttEstimator },
  path: SessionPath,
  window: (() => number) | undefined,
): void {
  if (host.onSessionState === undefined) return;
  const isOverStream = isReliable(path.carrier);
  const state = { remoteAddr: path.address, isOverStream, rtt: rtt.smoothed };
  host.onSessionState(window === undefined ? state : { ...state, window: window() });
}
