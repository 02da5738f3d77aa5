/**
 * Tries one way to a server: a session of its own, and some round trips.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { ServerAddress } from "../net/url.ts";
import { StatsGatherer } from "../stats/gatherer.ts";
import type { Context } from "./context.ts";
import { openSession } from "./open_session.ts";
import type { Proxy } from "./proxy.ts";
import { type RoundTrips, takeRoundTrips } from "./round_trips.ts";
import { StreamWatch } from "./stream_watch.ts";

/** A way that can be tried. */
export type ProbedTransport = "udp" | "tcp" | "tls";

/** How to try. */
export interface ProbeWishes {
  readonly transport: ProbedTransport;
  /** Goes with TCP and TLS. */
  readonly proxy?: Proxy | undefined;
  /** Goes with TLS. */
  readonly sni?: string | undefined;
  /** How long to ask, ms. */
  readonly timeout: number;
  /** How many round trips. */
  readonly count: number;
  /** Aborted when it has asked for long enough. */
  readonly late: AbortSignal;
  /** Told when the server has answered. */
  readonly onAnswer: () => void;
}

/** What came of it. */
export interface ProbeResult {
  readonly transport: ProbedTransport;
  /** `undefined`: nobody answered. */
  readonly trips: RoundTrips | undefined;
  /** Why nobody did, in words, where more is known than that. */
  readonly reason?: string | undefined;
}

/**
 * Tries.
 *
 * @returns Rejects with what is not the matter of this way alone: an unknown name, a proxy, the signal.
 */
export async function probeCarrier(
  { host, signal }: Context,
  server: ServerAddress,
  { transport, proxy, sni, timeout, count, late, onAnswer }: ProbeWishes,
): Promise<ProbeResult> {
  const watch = new StreamWatch(host);
  const course = new StatsGatherer({ active: true });
  try {
    const session = await openSession(server, {
      watch,
      transport,
      timeout,
      signal: AbortSignal.any([signal, late]),
      ...(transport === "udp" ? {} : { proxy }),
      ...(transport === "tls" ? { sni } : {}),
    }, { stats: course });
    onAnswer();
    const mux = session.multiplex();
    try {
      return { transport, trips: await takeRoundTrips(host, { session, course }, count, signal) };
    } finally {
      await mux.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!late.aborted && !isOfThisWay(error)) throw error;
    const isSilent = late.aborted || isSilence(error);
    return { transport, trips: undefined, reason: isSilent ? watch.words : messageOf(error) };
  }
}

function isOfThisWay(error: unknown): boolean {
  if (!(error instanceof SosistabError)) return false;
  return error.code !== "name-not-found" && !error.code.startsWith("proxy-");
}

function isSilence(error: unknown): boolean {
  return error instanceof SosistabError && error.code === "no-answer";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
