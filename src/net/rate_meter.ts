/**
 * Measures how much of a session arrives, in both directions together.
 *
 * What comes is counted here; of what goes the other end says how many frames have arrived. Both
 * together are one figure, for the question that it answers is which of two carriers brings more.
 *
 * @module
 */
import type { SessionMachine } from "../session/machine.ts";

// Tuning.

/** Looks that are remembered: a few seconds of them. */
const MOST_LOOKS = 32;

/** What is measured. */
export type MeasuredSession = Pick<SessionMachine, "counts" | "toldTotal">;

interface Look {
  readonly at: number;
  readonly received: number;
  readonly delivered: number;
}

/** The rate of one session. Times in ms. */
export class RateMeter {
  #looks: Look[] = [];
  #session: MeasuredSession | undefined;
  #frames = 0;
  #bytes = 0;
  #arrived = 0;

  /** Looks at the session, which may be another one than before. */
  look(session: MeasuredSession, now: number): void {
    if (session !== this.#session) {
      this.#session = session;
      this.#frames = this.#bytes = this.#arrived = 0;
      this.#looks = [];
    }
    const { framesSent, paritySent, bytesSent, bytesReceived } = session.counts;
    const { toldTotal } = session;
    const frames = framesSent + paritySent;
    const length = frames > this.#frames ? (bytesSent - this.#bytes) / (frames - this.#frames) : 0;
    const arrived = toldTotal - this.#arrived;
    [this.#frames, this.#bytes, this.#arrived] = [frames, bytesSent, toldTotal];
    const before = this.#looks.at(-1)?.delivered ?? 0;
    this.#looks.push({ at: now, received: bytesReceived, delivered: before + arrived * length });
    if (this.#looks.length > MOST_LOOKS) this.#looks.shift();
  }

  /**
   * What has arrived since a time, or since the first look that is remembered after it.
   *
   * @returns Mbit/s; `undefined`: it has not been looked at twice since.
   */
  rateSince(from: number): number | undefined {
    const last = this.#looks.at(-1);
    const first = this.#looks.find(({ at }) => at >= from);
    if (last === undefined || first === undefined || first === last) return undefined;
    const bytes = last.received - first.received + last.delivered - first.delivered;
    return bytes * 8 / 1_000 / (last.at - first.at);
  }
}
