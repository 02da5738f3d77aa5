/**
 * Asks from time to time whether a reader that was full has room again.
 *
 * The question is a segment: it is either taken, or refused like the ones before.
 *
 * @module
 */

// Tuning.

/** First wait, ms at the least and in smoothed round trips. */
const LEAST_WAIT = 200;
const WAIT_RTTS = 2;

/** Longest wait, ms. The other side tells of new room by itself; this is for when that is lost. */
const MOST_WAIT = 2_000;

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "waiting"; readonly at: number; readonly wait: number }
  | { readonly kind: "asking"; readonly wait: number };

/** The asking of one stream. Times in ms. */
export class RoomProbe {
  #state: State = { kind: "idle" };

  /** Whether the reader is taken to be full. */
  get isActive(): boolean {
    return this.#state.kind !== "idle";
  }

  /** Whether a segment is to be sent now. */
  get isDue(): boolean {
    return this.#state.kind === "asking";
  }

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    return this.#state.kind === "waiting" ? this.#state.at : Infinity;
  }

  /** The reader is full. */
  start(smoothedRtt: number, now: number): void {
    if (this.#state.kind !== "idle") return;
    const wait = Math.max(LEAST_WAIT, WAIT_RTTS * smoothedRtt);
    this.#state = { kind: "waiting", at: now + wait, wait };
  }

  /** The reader has room. */
  stop(): void {
    this.#state = { kind: "idle" };
  }

  /** The segment was sent. */
  onSent(now: number): void {
    if (this.#state.kind !== "asking") return;
    const wait = this.#state.wait;
    this.#state = { kind: "waiting", at: now + wait, wait: Math.min(MOST_WAIT, wait * 2) };
  }

  /** The deadline may have passed. */
  handleTimeout(now: number): void {
    if (this.#state.kind === "waiting" && now >= this.#state.at) {
      this.#state = { kind: "asking", wait: this.#state.wait };
    }
  }
}
