/**
 * Notices that a session has fallen silent, in both directions.
 *
 * @module
 */

// Tuning.

/**
 * How long nothing must have been said or heard, ms. What was lost is repaired long before, or was
 * given up; and a session that pauses for less would only ask for its memory again.
 */
const REST_AFTER = 30_000;

/** The silence of one session. All times in ms. */
export class RestTimer {
  #deadline: number;

  constructor(now: number) {
    this.#deadline = now + REST_AFTER;
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    return this.#deadline;
  }

  /** Something was said, or heard. */
  onUse(now: number): void {
    this.#deadline = now + REST_AFTER;
  }

  /** Whether the silence has become long; says so once. */
  handleTimeout(now: number): boolean {
    if (now < this.#deadline) return false;
    this.#deadline = Infinity;
    return true;
  }
}
