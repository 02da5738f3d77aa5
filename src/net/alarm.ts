/**
 * One alarm that follows a deadline which moves all the time.
 *
 * Timers are expensive on some runtimes (2.7 microseconds on Deno), and most deadlines only move
 * away. So a timer that rings too early is left alone; ringing early is harmless.
 *
 * @module
 */
import type { Host } from "../host.ts";

/** An alarm that is set again and again. */
export class Alarm {
  readonly #host: Host;
  readonly #wake: () => void;
  #armed: Disposable | undefined;
  #armedAt = Infinity;

  /** @param wake Called when the deadline has come, or a little before. */
  constructor(host: Host, wake: () => void) {
    this.#host = host;
    this.#wake = wake;
  }

  /** Sets the deadline; Infinity: none. */
  set(at: number): void {
    if (at >= this.#armedAt) return;
    this.cancel();
    this.#armedAt = at;
    this.#armed = this.#host.setAlarm(at, () => {
      this.#armed = undefined;
      this.#armedAt = Infinity;
      this.#wake();
    });
  }

  /** Takes the deadline back. */
  cancel(): void {
    this.#armed?.[Symbol.dispose]();
    this.#armed = undefined;
    this.#armedAt = Infinity;
  }
}
