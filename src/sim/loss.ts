/**
 * Which packets a link loses.
 *
 * @module
 */
import type { CompleteConditions } from "./conditions.ts";
import { SeededStream } from "./seeded_random.ts";

/** Decides over one packet after the other. */
export class Loss {
  readonly #chance: SeededStream;
  #isInBurst = false;
  #traced = 0;

  constructor(seed: string) {
    this.#chance = new SeededStream(`${seed}/loss`);
  }

  /**
   * Whether a packet is lost, blackouts not counted.
   *
   * @param number The packet's number: it has the same fraction whatever happened before.
   */
  strikes({ loss, burst, trace }: CompleteConditions, number: number): boolean {
    const isTraced = trace.length > 0 && trace[this.#traced++ % trace.length] === true;
    return this.#isDrawn(loss, burst, number) || isTraced;
  }

  #isDrawn(loss: number, burst: number, number: number): boolean {
    if (loss === 0 && !this.#isInBurst) return false;
    const fraction = this.#chance.at(number);
    if (burst === 1 || loss === 1) {
      this.#isInBurst = false;
      return fraction < loss;
    }
    // Leaving with 1 / burst gives the mean length, and entering so often gives the mean loss.
    const isLeft = fraction < 1 / burst;
    const isEntered = fraction < loss / (1 - loss) / burst;
    this.#isInBurst = loss > 0 && (this.#isInBurst ? !isLeft : isEntered);
    return this.#isInBurst;
  }
}

/** Whether nothing passes at a time. */
export function isBlackedOut({ isDown, blackouts }: CompleteConditions, now: number): boolean {
  if (isDown) return true;
  for (const { from, until, every } of blackouts) {
    if (now < from) continue;
    const since = now - from;
    if ((every === undefined ? since : since % every) < until - from) return true;
  }
  return false;
}
