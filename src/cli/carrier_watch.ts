/**
 * Tells when a session that chooses its carrier itself has moved to another one, and why.
 *
 * @module
 */
import type { Session } from "../net/contract.ts";
import { transportName } from "./open_session.ts";
import type { Reporter } from "./reporter.ts";

// Tuning.

/** How often to look, ms: people are told soon enough, and it costs nothing. */
const LOOK_INTERVAL = 500;

/** What is looked at. */
export type WatchedSession = Pick<Session, "stats">;

/** Watches until it is disposed of. */
export function watchCarrier(reporter: Reporter, session: WatchedSession): Disposable {
  let known = transportName(session);
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
  }, LOOK_INTERVAL);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
