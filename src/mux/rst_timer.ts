/**
 * When to repeat a Rst that is not answered.
 *
 * Five times at the most: the other side may have forgotten the stream, and then it stays silent. But
 * those that were sent while the path carried nothing had no chance. So when nothing has arrived that
 * was sent after the last but one, it is repeated slowly, and when the path carries again, all over.
 *
 * @module
 */

// Tuning.

/** Times that it is sent, at the most, while the path carries anything. */
const MOST_RSTS = 5;

/** Longest wait, ms; it doubles each time. */
const MOST_WAIT = 5_000;

/** The repetitions of one Rst. Times in ms. */
export class RstTimer {
  readonly #firstWait: number;
  #wait: number;
  #sent = 0;
  /** When the last one and the one before it were sent. */
  #sentAt = -Infinity;
  #previousAt = -Infinity;
  #at = Infinity;

  /** @param firstWait How long to wait for the first answer. */
  constructor(firstWait: number) {
    this.#firstWait = this.#wait = firstWait;
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    return this.#at;
  }

  /** The Rst is being sent. */
  onSent(now: number): void {
    this.#sent++;
    this.#previousAt = this.#sentAt;
    this.#sentAt = now;
    this.#at = now + this.#wait;
    this.#wait = Math.min(MOST_WAIT, this.#wait * 2);
  }

  /**
   * The deadline may have passed.
   *
   * @param provenAt When the newest frame left that has arrived.
   */
  handleTimeout(provenAt: number, now: number): "wait" | "send" | "giveUp" {
    if (now < this.#at) return "wait";
    this.#at = Infinity;
    const isCarrying = provenAt >= this.#previousAt;
    if (this.#sent === MOST_RSTS && isCarrying) return "giveUp";
    if (this.#sent > MOST_RSTS && isCarrying) {
      this.#sent = 0;
      this.#wait = this.#firstWait;
    }
    return "send";
  }
}
