/**
 * How many packets go over one link before it is another one's turn.
 *
 * Over UDP each packet goes its own way. What goes into a byte stream in one turn of the event loop
 * becomes one write, and a write costs as much as ten packets do: so a stream gets several in a row.
 *
 * @module
 */
import { isReliable, type Link } from "./link.ts";

// Tuning.

/**
 * Packets in a row: as many as make a stream full that was empty. When six streams took turns with
 * each packet, writes were 17 % of a sender's time; so they are 7 %.
 */
const MOST_IN_A_ROW = 12;

/** The link that is used, for as long as it is its turn. */
export class PacketRun<T extends { readonly link: Link }> {
  #current: T | undefined;
  #left = 0;

  /** Begins with another one. */
  start(chosen: T): T {
    this.#current = chosen;
    this.#left = isReliable(chosen.link.carrier) ? MOST_IN_A_ROW - 1 : 0;
    return chosen;
  }

  /**
   * The one whose turn it still is for another packet, if it has room.
   *
   * @param isUsable Whether it may still be used at all.
   */
  next(isUsable: (current: T) => boolean): T | undefined {
    const current = this.#current;
    if (current === undefined || this.#left === 0) return undefined;
    if (current.link.isFull || !isUsable(current)) return undefined;
    this.#left--;
    return current;
  }
}
