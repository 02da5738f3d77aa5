/**
 * When to repeat a Rst that is not answered.
 *
 * Five times at the most: the other side may have forgotten the stream, and then it stays silent. But
 * those that are sent in an outage have no chance. So they count only when something has arrived that
 * was sent among them; else the Rst is repeated slowly, and when the path carries again, all over.
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
  /** When the first and the last of the row were sent, and whether the path has carried among them. */
  #rowAt = 0;
  #sentAt = 0;
  #hasCarried = false;
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
    if (this.#sent++ === 0) this.#rowAt = now;
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
    const isWhole = this.#sent >= MOST_RSTS;
    const isLater = provenAt > this.#sentAt;
    if (provenAt >= this.#rowAt && !(isWhole && isLater)) this.#hasCarried = true;
    if (isWhole && this.#hasCarried) return "giveUp";
    if (isWhole && isLater) {
      this.#sent = 0;
      this.#wait = this.#firstWait;
    }
    return "send";
  }
}
