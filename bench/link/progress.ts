/**
 * What the ends of a transfer say: one JSON object a line on stdout.
 *
 * ```text
 * listening  address, and the public_key of a sosistab server
 * progress   bytes that have come, and seconds since the first of them
 * end        cpu (of one core), and what sosistab counted
 * ```
 *
 * @module
 */
import { writeSync } from "node:fs";

/** How often progress is told, ms. */
export const REPORT_INTERVAL = 100;

/** Says something. */
export function say(event: Readonly<Record<string, unknown>>): void {
  // At once: at the end there is no time for a stream.
  writeSync(1, `${JSON.stringify(event)}\n`);
}

/** Says how much has come. */
export class Watch {
  #bytes = 0;
  #startedAt = 0;
  #saidAt = 0;

  /** More has come. */
  add(bytes: number): void {
    const now = performance.now();
    if (this.#bytes === 0) this.#startedAt = this.#saidAt = now;
    this.#bytes += bytes;
    if (now - this.#saidAt < REPORT_INTERVAL) return;
    this.#saidAt = now;
    say({ event: "progress", bytes: this.#bytes, seconds: (now - this.#startedAt) / 1000 });
  }
}
