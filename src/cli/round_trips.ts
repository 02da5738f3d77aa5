/**
 * Asks the other end of a session again and again, and takes the time of each answer.
 *
 * One question is under way at a time. The time is what the session has measured itself, for exactly
 * that question, where it says so; else what has passed until something came.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { SessionStats } from "../net/contract.ts";
import type { StatsGatherer } from "../stats/gatherer.ts";

// Tuning.

/** Time between two questions, ms: what `ping` allows everybody. */
const INTERVAL = 200;

/** How long an answer may take, ms: the longest path around the world by satellite takes less. */
const PATIENCE = 1_000;

/** How often to look for the answer, ms; timers are not finer. */
const LOOK_INTERVAL = 1;

/** What came of the questions. */
export interface RoundTrips {
  /** How many questions there were. */
  readonly sent: number;
  /** What each answer took, ms, in the order in which they came. */
  readonly times: readonly number[];
}

/** A session that can be asked. */
export interface PingTarget {
  /** The session, or what does as much of it. */
  readonly session: {
    refresh(): void;
    stats(): Pick<SessionStats, "framesReceived">;
  };
  /** Where the session records its course; active. */
  readonly course: StatsGatherer;
}

/**
 * Asks so many times. The session must have become a multiplex, of which both ends know to answer.
 *
 * @returns Rejects with the reason of the signal.
 */
export async function takeRoundTrips(
  host: Host,
  target: PingTarget,
  count: number,
  signal: AbortSignal,
): Promise<RoundTrips> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    // What the handshake has left under way must not be taken for an answer.
    await pass(INTERVAL, signal);
    const time = await ask(host, target, signal);
    if (time !== undefined) times.push(time);
  }
  return { sent: count, times };
}

async function ask(
  host: Host,
  { session, course }: PingTarget,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { framesReceived } = session.stats();
  const askedAt = host.now();
  session.refresh();
  while (host.now() - askedAt < PATIENCE) {
    await pass(LOOK_INTERVAL, signal);
    if (session.stats().framesReceived === framesReceived) continue;
    const elapsed = host.now() - askedAt;
    const measured = course.series("raw_ping")?.latest;
    const isOurs = measured !== undefined && measured.time - measured.value >= askedAt;
    return isOurs ? measured.value : elapsed;
  }
  return undefined;
}

async function pass(time: number, signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, time));
  signal.throwIfAborted();
}
