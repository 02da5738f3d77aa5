/**
 * Bodies that were lost, from the parity that the other side sends.
 *
 * Nobody sends parity before something was lost: so bodies are kept for a while after parity came, a
 * frame was missing or loss was reported, and on a clean path nothing is copied.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import { isSoundParity, Recoverer } from "../fec/recoverer.ts";
import type { ParityFrame } from "../wire/frame.ts";

// Protocol constants.

/** Where a run of parity may begin, relative to the highest frame number. */
const MOST_RUN_AGE = 4096;
const MOST_RUN_LEAD = 256;

// Tuning.

/** How long bodies are kept after the last sign of loss, ms. */
const PARITY_MEMORY = 30_000;

/** A body that was rebuilt. Valid until the next call. */
export interface RebuiltBody {
  readonly frameNumber: number;
  readonly body: Uint8Array;
}

/** What one session rebuilds. Times in ms. */
export class Rebuilding {
  #budget: ByteBudget | undefined;
  #recoverer: Recoverer | undefined;
  #until = -Infinity;
  /** By recoverers that are gone. */
  #wrong = 0;

  /** What pays for bodies that are kept from now on. */
  set budget(budget: ByteBudget) {
    this.release();
    this.#budget = budget;
  }

  /** Bodies that parity gave and that cannot be bodies: it was wrong. */
  get wrongShards(): number {
    return this.#wrong + (this.#recoverer?.wrongShards ?? 0);
  }

  /** Something was lost, in either direction. */
  onLoss(now: number): void {
    this.#until = now + PARITY_MEMORY;
  }

  /** A body has come. */
  onData(frameNumber: number, body: Uint8Array, now: number): void {
    if (now < this.#until) {
      this.#recoverer ??= new Recoverer(this.#budget);
      this.#recoverer.onData(frameNumber, body);
    } else this.release();
  }

  /** Nothing is kept any more. */
  release(): void {
    if (this.#recoverer === undefined) return;
    this.#wrong = this.wrongShards;
    this.#recoverer.release();
    this.#recoverer = undefined;
  }

  /**
   * Parity has come.
   *
   * @param highest The highest frame number that has come.
   */
  onParity(
    frame: ParityFrame,
    highest: number,
    now: number,
  ): "parity" | "malformed" | "replayed" {
    const lead = frame.runStart - highest;
    if (lead > MOST_RUN_LEAD || !isSoundParity(frame)) return "malformed";
    // Nobody sends parity that late: it was recorded.
    if (lead < -MOST_RUN_AGE) return "replayed";
    this.onLoss(now);
    this.#recoverer ??= new Recoverer(this.#budget);
    this.#recoverer.onParity(frame);
    return "parity";
  }

  /** The next body that has been rebuilt; it may have come besides. */
  poll(): RebuiltBody | undefined {
    return this.#recoverer?.pollBody();
  }
}
