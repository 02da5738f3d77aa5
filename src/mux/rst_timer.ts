/**
 * When to repeat a Rst that is not answered.
 *
 * Five times at the most: the other side may have forgotten the stream, and then it stays silent. But
 * those that are sent in an outage have no chance. So they count only when something has arrived that
 * was sent among them; else the Rst is repeated slowly, and when the path carries again, all over.
 * Not without end: where nothing else is said, what arrives are probes, and these may keep step with the
 * Rsts and never fall among them.
 *
 * Our own kind answers each Rst, whether the stream is still there or not. So to it the Rst is repeated
 * until it is answered: nobody there may wait for ever because five packets were lost.
 *
 * @module
 */
import type { StreamContext } from "./stream_context.ts";

// Tuning.

/** Times that it is sent, at the most, while the path carries anything. */
const MOST_RSTS = 5;

/** Times that all begins over, at the most: more outages than one meet hardly any end. */
const MOST_RESTARTS = 2;

/** How long it is repeated to our own kind, ms: few sessions outlive a silence of that length. */
const MOST_TIME = 120_000;

/** Longest wait, ms; it doubles each time. */
const MOST_WAIT = 5_000;

/** What is known of the other side. */
export type RstPath = Pick<StreamContext, "provenAt" | "isOwnKind">;

/** The repetitions of one Rst. Times in ms. */
export class RstTimer {
  readonly #firstWait: number;
  #wait: number;
  #firstAt: number | undefined;
  #sent = 0;
  /** When the first and the last of the row were sent, and whether the path has carried among them. */
  #rowAt = 0;
  #sentAt = 0;
  #hasCarried = false;
  #restarts = 0;
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
    this.#firstAt ??= now;
    if (this.#sent++ === 0) this.#rowAt = now;
    this.#sentAt = now;
    this.#at = now + this.#wait;
    this.#wait = Math.min(MOST_WAIT, this.#wait * 2);
  }

  /**
   * The deadline may have passed.
   *
   * @param path When the newest frame left that has arrived, and whether the other side is of our own
   * kind.
   */
  handleTimeout({ provenAt, isOwnKind }: RstPath, now: number): "wait" | "send" | "giveUp" {
    if (now < this.#at) return "wait";
    this.#at = Infinity;
    if (isOwnKind) return now - (this.#firstAt ?? now) < MOST_TIME ? "send" : "giveUp";
    const isWhole = this.#sent >= MOST_RSTS;
    const isLater = provenAt > this.#sentAt;
    if (provenAt >= this.#rowAt && !(isWhole && isLater)) this.#hasCarried = true;
    if (isWhole && this.#hasCarried) return "giveUp";
    if (isWhole && isLater) {
      if (this.#restarts++ === MOST_RESTARTS) return "giveUp";
      this.#sent = 0;
      this.#wait = this.#firstWait;
    }
    return "send";
  }
}
