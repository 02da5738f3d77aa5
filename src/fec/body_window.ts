/**
 * The bodies of the newest data frames, by frame number, in bounded memory.
 *
 * A ring of slots whose memory is used again: keeping a body costs a copy and makes nothing.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";

// Tuning.

/**
 * Frame numbers that the window spans. The original keeps 100 bodies and is in trouble when parity
 * comes late; the longest run that we take has 64.
 */
export const BODY_WINDOW = 256;

/** What a slot costs besides its bytes: an object, a view and its memory's head. */
const SLOT_COST = 256;

interface Slot {
  frameNumber: number;
  length: number;
  memory: Uint8Array;
}

/** A window over frame numbers, which moves up with the highest one that it was given. */
export class BodyWindow {
  readonly #budget: ByteBudget | undefined;
  #slots: (Slot | undefined)[] = [];
  #highest = -1;
  #held = 0;

  /** @param budget What pays for the bodies; by default nobody does. */
  constructor(budget?: ByteBudget) {
    this.#budget = budget;
  }

  /** The highest frame number whose body was kept; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** The lowest frame number whose body would be kept. */
  get lowest(): number {
    return Math.max(0, this.#highest - BODY_WINDOW + 1);
  }

  /** Whether a body of this number would be kept, or is. */
  covers(frameNumber: number): boolean {
    return Number.isSafeInteger(frameNumber) && frameNumber >= this.lowest;
  }

  /** Whether there is a body of this number. */
  has(frameNumber: number): boolean {
    return this.#slotOf(frameNumber) !== undefined;
  }

  /** The body of this number, a view that is good until the next `keep`; or `undefined`. */
  get(frameNumber: number): Uint8Array | undefined {
    const slot = this.#slotOf(frameNumber);
    return slot && slot.memory.subarray(0, slot.length);
  }

  /**
   * Keeps a copy of a body.
   *
   * @param body At most as long as a packet.
   * @returns `false` when there is one of this number, or the number lies below the window or is
   * none, or there is no memory for it.
   */
  keep(frameNumber: number, body: Uint8Array): boolean {
    if (!this.covers(frameNumber) || this.has(frameNumber)) return false;
    this.#highest = Math.max(this.#highest, frameNumber);
    if (this.#slots.length === 0) this.#slots = new Array(BODY_WINDOW).fill(undefined);
    const place = frameNumber % BODY_WINDOW;
    const slot = this.#slots[place];
    if (slot === undefined || slot.memory.length < body.length) {
      const cost = body.length - (slot?.memory.length ?? -SLOT_COST);
      if (this.#budget?.take(cost) === false) return false;
      this.#held += cost;
      this.#slots[place] = { frameNumber, length: body.length, memory: body.slice() };
      return true;
    }
    slot.memory.set(body);
    slot.frameNumber = frameNumber;
    slot.length = body.length;
    return true;
  }

  /** Forgets all bodies, and gives their memory back. */
  clear(): void {
    this.#slots = [];
    this.#budget?.use(-this.#held);
    this.#held = 0;
  }

  #slotOf(frameNumber: number): Slot | undefined {
    if (!this.covers(frameNumber)) return undefined;
    const slot = this.#slots[frameNumber % BODY_WINDOW];
    return slot?.frameNumber === frameNumber ? slot : undefined;
  }
}
