/**
 * Records the course of a session for those who draw it.
 *
 * @module
 */
import type { RttEstimator } from "../mux/rtt.ts";
import type { SessionMachine } from "../session/machine.ts";
import type { StatsGatherer } from "../stats/gatherer.ts";

/** Where figures go, if anywhere, and what they are taken of. */
export interface Recording {
  readonly stats?: StatsGatherer | undefined;
  readonly rtt: RttEstimator;
}

/** Adds how things are now. The names are those of the original; times are ms here. */
export function recordCourse(
  { stats, rtt }: Recording,
  session: SessionMachine,
  now: number,
): void {
  if (stats === undefined || !stats.active) return;
  const { receiveLoss, sendLoss } = session.counts;
  stats.update("recv_loss", receiveLoss, now);
  if (sendLoss !== undefined) stats.update("send_loss", sendLoss, now);
  stats.update("smooth_ping", rtt.smoothed, now);
  stats.update("raw_ping", rtt.latest, now);
}
