/**
 * When a stream acknowledges what it has received, and what it says.
 *
 *  - The first segment after a pause is acknowledged at once; from then on every 16 segments, or 5 ms
 *    after the last acknowledgement. (Counting from the segment instead of from the acknowledgement
 *    made the queue of a 2 Mbit/s link four times as long.)
 *  - The list holds what lies above the lowest missing segment, newest first, and repeats the entries
 *    of the last few acknowledgements: how many follows from how many of ours were lost in a row, so
 *    that a lost acknowledgement costs nothing.
 *  - When nothing more comes, the last acknowledgement is repeated: once, and more often where most of
 *    what we send gets lost.
 *
 * @module
 */

// Protocol constants.

/** Entries of one list at the most: the original's buffer takes no more than about 240. */
const MOST_ENTRIES = 150;

// Tuning.

/** Segments that one acknowledgement covers: 2 to 3 % of the traffic goes back, losses included. */
const ACK_EVERY = 16;

/** Longest wait, ms: how much a round trip may be longer than the path without a queue. */
export const ACK_DELAY = 5;

/** When the last acknowledgement is repeated, ms. */
const ECHO_DELAY = 20;

/** How long our peer may hold one back, ms: the delay, and a timer of a runtime that is late. */
export const ACK_ALLOWANCE = 10;

/** What is done so that lost acknowledgements cost nothing. */
export interface AckCopies {
  /** The entries of how many earlier acknowledgements are repeated in each. */
  readonly ackRepeats: number;
  /** How often one is repeated that nothing follows. */
  readonly ackEchoes: number;
}

/** Acknowledgements of one stream. Times in ms. */
export class AckPolicy {
  /** Segments above the lowest missing one, in the order of arrival, and the list that had each first. */
  #recent: number[] = [];
  #listedIn: number[] = [];
  #lists = 0;
  #pending = 0;
  #isDue = false;
  #sentAt = -Infinity;
  #echoAt = Infinity;
  #echoesLeft = 0;

  /** Whether one is to be sent now. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    if (this.#isDue) return Infinity;
    return this.#pending > 0 ? this.#sentAt + ACK_DELAY : this.#echoAt;
  }

  /**
   * A segment has come, for the first time or again.
   *
   * @param isAhead Whether it is held, and something below it is missing.
   */
  onSegment(sequence: number, isAhead: boolean, now: number): void {
    if (isAhead) {
      this.#recent.push(sequence);
      this.#listedIn.push(this.#lists);
      if (this.#recent.length > 2 * MOST_ENTRIES) this.#forgetOldest(MOST_ENTRIES);
    }
    this.#pending++;
    if (this.#pending >= ACK_EVERY || now >= this.#sentAt + ACK_DELAY) this.#isDue = true;
  }

  /** Asks for one at once: the window has opened, or the other side seems to miss one. */
  request(): void {
    this.#isDue = true;
  }

  /** Nothing more will come: what has is acknowledged at once. */
  conclude(): void {
    if (this.#pending > 0) this.#isDue = true;
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    if (now >= this.deadline) this.#isDue = true;
  }

  /**
   * The entries of the acknowledgement that is being sent now.
   *
   * @param lowestMissing The lowest segment not yet received; nothing below it needs an entry.
   * @param copies What is done in case that it gets lost, or those before it were.
   */
  takeEntries(lowestMissing: number, copies: AckCopies, now: number): readonly number[] {
    const entries: number[] = [];
    let at = this.#recent.length - 1;
    for (; at >= 0 && entries.length < MOST_ENTRIES; at--) {
      if (this.#listedIn[at]! < this.#lists - copies.ackRepeats) break;
      const sequence = this.#recent[at]!;
      if (sequence >= lowestMissing) entries.push(sequence);
    }
    this.#forgetOldest(at + 1);
    this.#echoesLeft = this.#pending > 0 ? copies.ackEchoes : Math.max(0, this.#echoesLeft - 1);
    this.#echoAt = this.#echoesLeft > 0 ? now + ECHO_DELAY : Infinity;
    this.#lists++;
    this.#pending = 0;
    this.#isDue = false;
    this.#sentAt = now;
    return entries;
  }

  #forgetOldest(count: number): void {
    if (count === 0) return;
    this.#recent.splice(0, count);
    this.#listedIn.splice(0, count);
  }
}
