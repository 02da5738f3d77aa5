/**
 * What a listener has refused, in words.
 *
 * @module
 */
import type { ListenerStats } from "../net/listen_contract.ts";
import type { Reporter } from "./reporter.ts";

// Tuning.

/** Datagrams that people are not told of: the last ones of each peer come after its end. */
const ORDINARY = 100;

/** One kind of refusal: its name for programs, how many there were, and what, for people. */
interface Refusal {
  readonly name: string;
  readonly count: number;
  readonly what: string;
  /** Up to how many are nothing to tell people of. */
  readonly ordinary?: number;
}

/** What strangers have sent, and what was refused because a limit was reached. */
function refusals(stats: ListenerStats): readonly Refusal[] {
  const { streams } = stats;
  return [
    {
      name: "noise",
      count: stats.packetsFailed,
      what: "datagrams that nobody with the server's URL had sent, or too late",
      ordinary: ORDINARY,
    },
    {
      name: "replays",
      count: stats.packetsReplayed,
      what: "datagrams that were repeated",
      ordinary: ORDINARY,
    },
    {
      name: "silent_connections",
      count: streams?.strangers ?? 0,
      what: "TCP connections of strangers, which were never answered",
    },
    {
      name: "replayed_connections",
      count: streams?.replays ?? 0,
      what: "TCP connections that repeated a hello",
    },
    {
      name: "too_busy",
      count: stats.droppedByHandshakeShare + stats.droppedBySourceRate,
      what: "datagrams of strangers that were not looked at: too many came",
    },
    {
      name: "too_many_candidates",
      count: stats.droppedByCandidateLimit,
      what: "clients that were not let in: too many were about to come in",
    },
    {
      name: "too_many_sessions",
      count: stats.droppedBySessionLimit + stats.droppedByBacklog,
      what: "clients that were not let in: too many were there",
    },
    {
      name: "too_many_connections",
      count: (streams?.silentEvicted ?? 0) + (streams?.provenEvicted ?? 0),
      what: "TCP connections that were closed: too many were open",
    },
    {
      name: "memory",
      count: stats.droppedByMemoryLimit,
      what: "messages that were dropped: all peers together held too much",
    },
  ];
}

/** Tells programs what was refused, and people if it was more than happens every day. */
export function sayRefusals(reporter: Reporter, stats: ListenerStats): void {
  const all = refusals(stats);
  const lines = all
    .filter(({ count, ordinary = 0 }) => count > ordinary)
    .map(({ count, what }) => `  ${count} ${what}`);
  reporter.event(
    "refused",
    Object.fromEntries(all.map(({ name, count }) => [name, count])),
    lines.length === 0 ? undefined : [reporter.highlight("refused"), ...lines].join("\n"),
  );
}
