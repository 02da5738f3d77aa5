/**
 * What `sosistab ping` has found, in words and for programs.
 *
 * @module
 */
import type { ProbedTransport, ProbeResult } from "./carrier_probe.ts";

// Tuning.

/** Loss of pings from which TCP, which shows none, may be faster: `net/throttle_watch.ts` has the same. */
const MUCH_LOSS = 1 / 3;

/** Round trips in figures, ms. */
export interface TripFigures {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What programs are told of one way. */
export interface ProbeFields {
  readonly transport: ProbedTransport;
  readonly answers: boolean;
  readonly sent: number;
  readonly lost: number;
  /** `null`: no answer came to any of them. */
  readonly rtt_ms: TripFigures | null;
  /** Why it does not answer, where that is known. */
  readonly reason?: string;
}

/** Writes what came of one way, in a line. */
export function formatProbe({ transport, trips, reason }: ProbeResult): string {
  const name = transport.toUpperCase();
  if (trips === undefined) {
    return `  ${name}   no answer${reason === undefined ? "" : `: ${reason}`}`;
  }
  const figures = figuresOf(trips.times);
  if (figures === undefined) {
    return `  ${name}   answers the handshake, but none of ${trips.sent} pings`;
  }
  const { median, least, most } = figures;
  const lost = trips.sent - trips.times.length;
  return `  ${name}   answers: round trip ${formatTime(median)} ms (${formatTime(least)} to ` +
    `${formatTime(most)}), ${lost === 0 ? "none" : lost} of ${trips.sent} lost`;
}

/** The same for programs. */
export function probeFields({ transport, trips, reason }: ProbeResult): ProbeFields {
  const { sent = 0, times = [] } = trips ?? {};
  return {
    transport,
    answers: trips !== undefined,
    sent,
    lost: sent - times.length,
    rtt_ms: figuresOf(times) ?? null,
    ...(reason === undefined ? {} : { reason }),
  };
}

/**
 * Says what follows from it for those who want to connect.
 *
 * @returns `undefined` when nothing does: nobody answered, or only one way was tried.
 */
export function formatAdvice(
  results: readonly ProbeResult[],
  isProxied: boolean,
): string | undefined {
  if (results.length < 2) return undefined;
  const works = (transport: ProbedTransport) =>
    results.some((result) => result.transport === transport && result.trips?.times.length);
  const isLossy = (transport: ProbedTransport) =>
    results.some(({ transport: name, trips }) =>
      name === transport && trips !== undefined &&
      trips.times.length < (1 - MUCH_LOSS) * trips.sent
    );
  if (isProxied && works("tcp")) {
    return "Through the proxy TCP works, which connect takes by itself.";
  }
  if (works("udp") && works("tcp") && isLossy("udp") && !isLossy("tcp")) {
    return "UDP loses much from here: connect begins with it, and goes over to TCP when that is faster.";
  }
  if (works("udp")) return "UDP works from here, and connect takes it by itself.";
  if (works("tcp")) return "Nothing comes back over UDP: connect takes TCP by itself.";
  if (works("tls")) return "Only TLS gets through from here: connect with --transport tls.";
  return undefined;
}

/** The median is of the lower half where there is no middle. */
function figuresOf(times: readonly number[]): TripFigures | undefined {
  const sorted = times.toSorted((a, b) => a - b);
  const median = sorted[(sorted.length - 1) >> 1];
  const least = sorted[0];
  const most = sorted.at(-1);
  if (median === undefined || least === undefined || most === undefined) return undefined;
  return { median: round(median), least: round(least), most: round(most) };
}

function formatTime(time: number): string {
  return time < 100 ? time.toFixed(1) : time.toFixed(0);
}

function round(time: number): number {
  return Math.round(time * 1000) / 1000;
}
