/**
 * What the other side said and should not have, by the limit that it broke. Types only.
 *
 * @module
 */

/** Messages that were dropped. */
export interface MessageDrops {
  /** Bodies that are no message; they are answered by Empty. */
  readonly undecodable: number;
  /** Openings with too long an info; they are refused. */
  readonly info: number;
  /** Acknowledgements whose list is none, or too long; they are ignored. */
  readonly ackList: number;
  /** Acknowledgements of what was never sent; they cut their stream. */
  readonly futureAck: number;
  /**
   * Segments beyond the window of their stream or what there is memory for; they count as lost. An
   * honest sender comes to this too where the reader is slow, so they are not among the malformed.
   */
  readonly segment: number;
}
