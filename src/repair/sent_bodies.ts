/**
 * The bodies that were sent lately, and the parity made of them.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import { BodyWindow } from "../fec/body_window.ts";
import { encodeParity } from "../fec/reed_solomon.ts";
import { LENGTH_PREFIX } from "../fec/shard.ts";
import type { ParityFrame } from "../wire/frame.ts";
import type { PlannedParity } from "./parity_queue.ts";

/** Bodies of one session, as many as parity may reach back to. */
export class SentBodies {
  readonly #budget: ByteBudget | undefined;
  #window: BodyWindow | undefined;
  #from = 0;
  #shard: Uint8Array = NOTHING;

  /** @param budget What pays for them; by default nobody does. */
  constructor(budget?: ByteBudget) {
    this.#budget = budget;
  }

  /** All bodies from this number on are here, unless they are too old. */
  get from(): number {
    return this.#from;
  }

  /** Keeps a copy of a body. */
  keep(frame: number, body: Uint8Array): void {
    if (this.#window === undefined || frame !== this.#window.highest + 1) this.#from = frame;
    this.#window ??= new BodyWindow(this.#budget);
    if (!this.#window.keep(frame, body)) this.#from = frame + 1;
  }

  /** Gives the memory back. */
  forget(): void {
    this.#window?.clear();
    this.#window = undefined;
    this.#shard = NOTHING;
  }

  /**
   * Makes a parity frame.
   *
   * @returns Its body is good until the next call. `undefined` when a body is no longer here.
   */
  encode(planned: PlannedParity): ParityFrame | undefined {
    const { runStart, dataCount, parityCount, parityIndex } = planned;
    const bodies: Uint8Array[] = [];
    let padSize = 0;
    for (let frame = runStart; frame < runStart + dataCount; frame++) {
      const body = this.#window?.get(frame);
      if (body === undefined) return undefined;
      bodies.push(body);
      padSize = Math.max(padSize, LENGTH_PREFIX + body.length);
    }
    if (this.#shard.length < padSize) this.#shard = new Uint8Array(padSize);
    const body = this.#shard.subarray(0, padSize);
    encodeParity(bodies, parityIndex, body);
    return { kind: "parity", runStart, dataCount, parityCount, parityIndex, padSize, body };
  }
}

const NOTHING = new Uint8Array(0);
