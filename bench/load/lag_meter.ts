/**
 * How late the event loop is: a timer looks at the clock as often as it can.
 *
 * @module
 */

/** Between two looks, ms. */
const INTERVAL = 5;

/** How late the event loop was, ms beyond what the timers are when nothing happens. */
export interface Lag {
  /** The 99th percentile. */
  readonly lagP99: number;
  /** The worst. */
  readonly lagMost: number;
}

/** Measures from its making on. */
export class LagMeter {
  readonly #late: number[] = [];
  #lookedAt = performance.now();
  #timer: ReturnType<typeof setTimeout>;

  constructor() {
    this.#timer = setTimeout(() => this.#look(), INTERVAL);
  }

  /** Ends it. */
  stop(): Lag {
    clearTimeout(this.#timer);
    const sorted = this.#late.sort((a, b) => a - b);
    return {
      lagP99: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
      lagMost: sorted.at(-1) ?? NaN,
    };
  }

  #look(): void {
    const now = performance.now();
    this.#late.push(Math.max(0, now - this.#lookedAt - INTERVAL));
    this.#lookedAt = now;
    this.#timer = setTimeout(() => this.#look(), INTERVAL);
  }
}
