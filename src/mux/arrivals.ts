/**
 * Counts the frames that come: how many of those that the other side sent are missing.
 *
 * @module
 */
import { LossCounters } from "./loss_counters.ts";

/** The arrivals of one session. */
export class Arrivals {
  readonly #counters = new LossCounters();
  #count = 0;

  /** Loss of what the other side sends, 0 to 1, over the last few hundred frames. */
  get lossRate(): number {
    return this.#counters.lossRate;
  }

  /**
   * A frame has come, for the first time.
   *
   * @returns Whether one before it is missing that was not missed before.
   */
  onFrame(frame: number): boolean {
    if (this.#count === 0) this.#counters.start(frame);
    const { highest } = this.#counters;
    this.#counters.update(Math.max(highest, frame), ++this.#count);
    return frame > highest + 1;
  }
}
