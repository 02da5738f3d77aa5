/**
 * Notices when the whole process stood still: on a busy or sleeping machine that happens without its
 * doing, and in a program that computes for ever by it.
 *
 * @module
 */
import { processorTime } from "./footprint.ts";

/** How often the clock is looked at, ms. */
const INTERVAL = 1_000;

/** What is told, ms: nothing that a session notices is shorter. */
const LEAST = 5_000;

/** From which share of the stall on the process has computed itself. */
const OWN_SHARE = 0.5;

/** A time in which nothing was done. */
export interface Stall {
  /** How long, ms. */
  readonly length: number;
  /** Whether the process itself was at work, and not the machine elsewhere. */
  readonly isOwn: boolean;
}

/** Watches the process that it is in. */
export class StallWatch {
  readonly #timer: ReturnType<typeof setInterval>;
  #lookedAt = performance.now();
  #cpu = processorTime();

  /** @param onStall Called after each. */
  constructor(onStall: (stall: Stall) => void) {
    this.#timer = setInterval(() => this.#look(onStall), INTERVAL);
  }

  /** Ends it. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #look(onStall: (stall: Stall) => void): void {
    const now = performance.now();
    const cpu = processorTime();
    const length = now - this.#lookedAt - INTERVAL;
    const isOwn = cpu - this.#cpu > length * OWN_SHARE;
    this.#lookedAt = now;
    this.#cpu = cpu;
    if (length > LEAST) onStall({ length, isOwn });
  }
}
