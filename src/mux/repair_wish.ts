/**
 * Which messages of streams are worth a repair by parity.
 *
 * Data of a stream is repaired by retransmission, which costs no more than what was lost, and a round
 * trip. For bulk that is the best there is: other data fills the time, so parity would only take room
 * away from it. It is different where somebody waits for that very message:
 *
 *  - the tail of a burst, the last 16 segments before the writer falls silent: nothing comes behind
 *    that would show a loss, and the answer hangs on the last one of them;
 *  - openings and ends: Syn, SynAck, Fin, FinAck, Rst.
 *
 * These are worth parity as long as it comes before a retransmission would: for about one round trip;
 * and only where a round trip is longer than what parity itself takes, which waits up to 20 ms for its
 * run to be complete. Acknowledgements repeat themselves, and pings and reports are out of date a
 * moment later. Unreliable messages say themselves how long they are of use.
 *
 * @module
 */
import type { StreamMessageType } from "../wire/message.ts";

// Tuning.

/** A tail: so many segments at the most are still to be sent after this one. */
export const TAIL_SEGMENTS = 16;

/** Below this round trip a retransmission comes about as soon, ms: found by simulation. */
const LEAST_RTT = 40;

/**
 * How old a message of a stream may be for a repair to be of use, ms; 0: none is wanted.
 *
 * @param isTail Whether it belongs to the tail of a burst; it matters for data alone.
 */
export function repairWish(type: StreamMessageType, isTail: boolean, smoothedRtt: number): number {
  if (smoothedRtt <= LEAST_RTT || type === "dataAck") return 0;
  return type === "data" && !isTail ? 0 : smoothedRtt;
}
