/**
 * Finds out whether a silent stream of the original is still there.
 *
 * The original says the end of a stream once, and never again unless it is spoken to: when that was
 * lost, a reader here would wait for ever. So a reader that hears nothing speaks now and then. An
 * acknowledgement is enough: a stream that is gone answers it.
 *
 * @module
 */

// Tuning.

/** First wait, ms: longer than what a lost segment of the original's makes it fall silent for. */
const FIRST_WAIT = 3_000;

/** Longest wait, ms; it doubles each time. */
const MOST_WAIT = 60_000;

/** The reminders of one stream. Times in ms. */
export class Reminder {
  #at: number;
  #wait = FIRST_WAIT;

  constructor(now: number) {
    this.#at = now + FIRST_WAIT;
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    return this.#at;
  }

  /** The other side has said something. */
  onHeard(now: number): void {
    this.#wait = FIRST_WAIT;
    this.#at = now + FIRST_WAIT;
  }

  /** The deadline may have passed; returns whether it is time to speak. */
  handleTimeout(now: number): boolean {
    if (now < this.#at) return false;
    this.#wait = Math.min(MOST_WAIT, this.#wait * 2);
    this.#at = now + this.#wait;
    return true;
  }
}
