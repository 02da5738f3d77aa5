/**
 * Tells when a session that chooses its carrier itself has moved to another one, and why.
 *
 * @module
 */
import type { Session } from "../net/contract.ts";
import { transportName } from "./open_session.ts";
import type { Reporter } from "./reporter.ts";

// Tuning.

/** How often to look, ms: people are told soon enough, and a machine at rest is seldom woken. */
const LOOK_INTERVAL = 1_000;

/** What is looked at. */
export type WatchedSession = Pick<Session, "stats">;

/**
 * Watches until it is disposed of; a session that has no choice is left alone.
 *
 * @param interval How often to look, ms.
 */
export function watchCarrier(
  reporter: Reporter,
  session: WatchedSession,
  interval: number = LOOK_INTERVAL,
): Disposable {
  let known = transportName(session);
  if (session.stats().carrierReason === undefined) return { [Symbol.dispose]: () => {} };
  const timer = setInterval(() => {
    const { carrierReason: reason } = session.stats();
    const transport = transportName(session);
    // What is only tried may be given up again in a moment.
    if (transport === known || reason === "it is on trial") return;
    reporter.event(
      "moved",
      { from: known, transport, reason },
      `${reporter.highlight("moved")}     ${known} → ${transport}: ${reason}`,
    );
    known = transport;
  }, interval);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
