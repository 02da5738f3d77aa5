/**
 * When to ask again because nothing is heard (RFC 9002, section 6.2).
 *
 * The second probe waits as long as the first: it may have been lost, and one more packet a round
 * trip harms nobody. From then on the wait grows by half, up to a cap that keeps a path that comes
 * back from going unnoticed for long. After half a minute there is no hurry any more.
 *
 * The first probes are segments, which an answer would ask for anyway, and which are of use even if
 * only the answers are lost. After a few seconds a probe is a mere question.
 *
 * @module
 */
import { ACK_ALLOWANCE } from "./ack_policy.ts";
import type { RttEstimator } from "./rtt.ts";

// Tuning.

/** What is granted beyond the round trip at the least, ms. */
const LEAST_MARGIN = 5;

/** Growth of the wait from the third probe on: measured against 2 in a lossy path simulation. */
const BACKOFF = 1.5;

/**
 * The longest wait, ms and smoothed round trips, whichever is more: data is to flow again half a
 * second and a round trip after the path has come back, and after a probe that takes half another.
 */
const MOST_WAIT = 450;
const MOST_WAIT_RTTS = 4;

/** After so long a silence, ms, probes are seldom, so many ms apart: data shall flow again in 2 s. */
const LONG_SILENCE = 30_000;
const SELDOM_WAIT = 1_800;

/** Probes in vain before everything counts as lost. */
const MOST_PROBES = 3;

/** After so long without an answer, ms, probes are questions: nearly all answers may be lost. */
const SILENCE = 3_000;

/** What a probe is made of; at `everything` all that is under way counts as lost. */
export type Probe = "segments" | "everything" | "question";

/** Counts probes in vain, and says how long to wait. Times in ms. */
export class ProbeTimer {
  #count = 0;
  #heardAt = -Infinity;
  #questionIsDue = false;
  /** Whether there was a question since the last answer. */
  #isAsking = false;

  /** Probes since the last answer. */
  get count(): number {
    return this.#count;
  }

  /**
   * It is time for a probe.
   *
   * @param silence How long there has been no answer, ms.
   * @returns What to send.
   */
  onProbe(silence: number): Probe {
    this.#count++;
    this.#questionIsDue = this.#count > MOST_PROBES && silence >= SILENCE;
    this.#isAsking ||= this.#questionIsDue;
    if (this.#questionIsDue) return "question";
    return this.#count === MOST_PROBES ? "everything" : "segments";
  }

  /** Whether a question is to be sent; true once each time. */
  takeQuestion(): boolean {
    const isDue = this.#questionIsDue;
    this.#questionIsDue = false;
    return isDue;
  }

  /**
   * The other side was heard.
   *
   * @param isAnswer Whether it has told of frames that it had not told of before.
   * @returns Whether segments are to be sent at once: it has answered a question, or it was silent, and
   * so may have been deaf.
   */
  onHeard(isAnswer: boolean, now: number): boolean {
    const silence = now - this.#heardAt;
    this.#heardAt = now;
    if (this.#count <= MOST_PROBES) return false;
    const isNews = isAnswer && this.#isAsking;
    if (isAnswer) this.#isAsking = false;
    return isNews || silence >= MOST_WAIT;
  }

  /** Something was acknowledged. */
  onAnswer(): void {
    this.#count = 0;
    this.#questionIsDue = this.#isAsking = false;
  }

  /**
   * How long to wait for an answer before the next probe, ms.
   *
   * @param silence How long there had been none when the last probe was sent, ms.
   */
  timeout(rtt: RttEstimator, silence = 0): number {
    const margin = Math.max(LEAST_MARGIN, Math.min(2 * rtt.variance, rtt.smoothed));
    const first = rtt.smoothed + margin + ACK_ALLOWANCE;
    const most = Math.max(first, MOST_WAIT, MOST_WAIT_RTTS * rtt.smoothed);
    if (silence >= LONG_SILENCE) return Math.max(most, SELDOM_WAIT);
    let wait = first;
    for (let i = 1; i < this.#count && wait < most; i++) wait *= BACKOFF;
    return Math.min(wait, most);
  }
}
