/**
 * What a congestion controller is told, and what it answers.
 *
 * There is one controller for all streams of a session. It decides how many packets may be in
 * flight and how fast they leave; it never sees a packet. Everything it learns comes from the
 * session's own counters: every frame that comes back says which was the highest frame number that
 * the other side has received and how many it has received in all, so round trip, loss and delivery
 * rate are known exactly and without regard to which segment was lost.
 *
 * @module
 */

/** What one report of the other side says. Counts are packets, times ms. */
export interface AckSample {
  /** When it came. */
  readonly now: number;
  /** Round trip of the newest frame that the report covers. */
  readonly rtt: number;
  /** Smallest round trip seen so far. */
  readonly leastRtt: number;
  /** Smoothed round trip. */
  readonly smoothedRtt: number;
  /** Number of this round trip, counted from 0; a round is at least 10 ms. */
  readonly round: number;
  /** Whether a round has just ended. */
  readonly roundStart: boolean;
  /** Segments acknowledged since the last sample. */
  readonly acked: number;
  /** Segments found lost since the last sample: those that the counters miss, and refused ones. */
  readonly lost: number;
  /** Segments of these that arrived, but found no room with their reader, as far as is known. */
  readonly refused: number;
  /** Segments in flight before the report. */
  readonly priorInFlight: number;
  /** Segments in flight now. */
  readonly inFlight: number;
  /** Highest frame number that the other side has received. */
  readonly highest: number;
  /** How many frames the other side has received. */
  readonly total: number;
  /** The newest frame number that was sent. */
  readonly newestSent: number;
  /** Segments that passed the path in `interval`, lost ones included. */
  readonly segments: number;
  /** Of these, how many arrived: estimated, since the counters tell of all frames together. */
  readonly arrived: number;
  /** How long they took: the longer of the sending and the reporting. */
  readonly interval: number;
  /** Whether `interval` is long enough for a rate to mean something. */
  readonly rateIsValid: boolean;
  /** Whether the newest frame left when there was nothing more to send. */
  readonly appLimited: boolean;
}

/** Decides how much may be in flight. A machine without timers: it acts when it is told something. */
export interface CongestionController {
  /** Its name, for statistics. */
  readonly name: string;
  /** How many segments may be in flight. */
  readonly window: number;
  /** How fast they may leave, packets a ms. */
  readonly pacingRate: number;
  /** A report has come. */
  onAck(sample: AckSample): void;
  /** Three probes in a row went unanswered: everything in flight is taken as lost. */
  onTimeout(): void;
  /** The losses of late turned out to be none: the other side had everything. */
  onSpuriousLoss(): void;
}
