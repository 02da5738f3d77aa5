/**
 * Reads acknowledgements, and refuses those that no honest end sends.
 *
 * @module
 */
import { type AckList, decodeAckList } from "../wire/ack_list.ts";

// Protocol constants.

/** Longest list of an acknowledgement that is believed; the original's has 32 entries. */
const MOST_ACK_ENTRIES = 256;

/** What was refused, by the limit that it broke. */
export interface AckDrops {
  /** Lists that are none, or too long. */
  ackList: number;
  /** Acknowledgements of what was never sent. */
  futureAck: number;
}

/** The acknowledgements of one session. */
export class AckReader {
  /** What was refused. */
  readonly drops: AckDrops = { ackList: 0, futureAck: 0 };

  /**
   * Reads one.
   *
   * @param lowestMissing What it says is the first segment that has not come.
   * @param payload Borrowed for as long as the list is used.
   * @param next The first sequence that was never sent.
   */
  read(lowestMissing: number, payload: Uint8Array, next: number): AckList | keyof AckDrops {
    const list = decodeAckList(payload);
    if (list === undefined || list.length > MOST_ACK_ENTRIES) return this.#drop("ackList");
    let isHonest = lowestMissing <= next;
    for (let i = 0; i < list.length; i++) isHonest &&= list.at(i) < next;
    return isHonest ? list : this.#drop("futureAck");
  }

  #drop(reason: keyof AckDrops): keyof AckDrops {
    this.drops[reason]++;
    return reason;
  }
}
