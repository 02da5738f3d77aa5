/**
 * Tells the overflow of a reader's inbox from acknowledgements that were lost.
 *
 * For peers without a flow limit. In the original each stream has an inbox of 100 messages behind the
 * session's counters: a segment that does not fit there was counted as received, and is never
 * acknowledged. That is congestion too, of the reader instead of the path. But a segment also goes
 * unacknowledged though it was counted when the one acknowledgement was lost that named it, since the
 * original never repeats an entry. How many acknowledgements are lost is known: they come in frames
 * with numbers. So what exceeds that was refused.
 *
 * @module
 */

// Tuning.

/** Segments that one judgement is made of, at the least. */
const LEAST_SEGMENTS = 128;

/** Excess that is still believed to be chance: a share, and deviations beyond that. */
const MARGIN = 0.03;
const DEVIATIONS = 3;

/** Segments that share an acknowledgement are lost together: the original's has up to 32 of them. */
const CLUMP = 16;

/**
 * What remains from judgement to judgement of the largest loss that was measured. The original repairs
 * most of what it loses, so its acknowledgements are lost seldom, but up to 32 entries at once, and
 * what is measured over the last few hundred frames is 0 most of the time. Without a memory half of
 * the rate was taken for refused at 5 % loss; with it 83 of 100 Mbit/s get through instead of 30.
 */
const MEMORY = 0.99;

/** The watch over the readers of one session. Rates are 0 to 1. */
export class OverflowWatch {
  #segments = 0;
  #unmissed = 0;
  #receiveLoss = 0;

  /**
   * Segments were decided.
   *
   * @param acked How many were acknowledged.
   * @param unmissed How many were found lost that the counters do not miss.
   * @param receiveLoss Loss of the frames that the other side sends.
   * @returns How many were refused: seldom told, and then all of the last stretch.
   */
  judge(acked: number, unmissed: number, receiveLoss: number): number {
    this.#segments += acked + unmissed;
    this.#unmissed += unmissed;
    if (this.#segments < LEAST_SEGMENTS) return 0;
    const loss = Math.max(receiveLoss, MEMORY * this.#receiveLoss);
    this.#receiveLoss = loss;
    const variance = CLUMP * loss * (1 - loss) / this.#segments;
    const explained = loss + MARGIN + DEVIATIONS * Math.sqrt(variance);
    const excess = this.#unmissed - explained * this.#segments;
    this.#segments = this.#unmissed = 0;
    return Math.max(0, Math.round(excess));
  }
}
