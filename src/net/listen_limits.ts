/**
 * The limits of a listener, checked, and with their defaults.
 *
 * @module
 */
import type { ListenLimits } from "./listen_contract.ts";
import { checkBytes, checkLimit, checkSessionLimits, checkShare } from "./options.ts";

/** All limits; the two that others know the defaults of may be missing. */
export type ResolvedLimits =
  & Required<Omit<ListenLimits, "bytes" | "perSession">>
  & Pick<ListenLimits, "bytes" | "perSession">;

// Tuning.

/**
 * What they are where nothing else is said. Sessions that say little take 12 to 20 KB, so all of them a
 * quarter of a gigabyte; a candidate takes 300 bytes. Silent streams have a socket and some KB each,
 * and a few are enough for the many clients behind one address, which prove themselves at once. A
 * program that leaves a thousand sessions waiting is stuck. A fifth of the processor
 * (`handshakeShare`) is 500 handshakes a second.
 */
const DEFAULTS = {
  sessions: 16_384,
  backlog: 1_024,
  candidates: 4_096,
  handshakeShare: 0.2,
  silentStreams: 4_096,
  silentStreamsPerNetwork: 64,
  streams: 16_384,
} as const satisfies ResolvedLimits;

/** The limits of a listener; throws a `RangeError` for one that makes no sense. */
export function resolveLimits(limits: ListenLimits = {}): ResolvedLimits {
  const all = { ...DEFAULTS, ...limits };
  checkLimit("limits.sessions", all.sessions);
  checkLimit("limits.backlog", all.backlog);
  checkLimit("limits.candidates", all.candidates);
  checkShare("limits.handshakeShare", all.handshakeShare);
  checkLimit("limits.silentStreams", all.silentStreams);
  checkLimit("limits.silentStreamsPerNetwork", all.silentStreamsPerNetwork);
  checkLimit("limits.streams", all.streams);
  checkBytes("limits.bytes", all.bytes);
  checkSessionLimits("limits.perSession", all.perSession);
  return all;
}
