/**
 * One alarm that follows a deadline which moves all the time.
 *
 * Timers are expensive on some runtimes (2.7 microseconds on Deno), and most deadlines only move
 * away. So a timer that rings too early is left alone; ringing early is harmless.
 *
 * @module
 */
import type { SosistabError } from "../errors.ts";
import type { Host } from "../host.ts";
import { reportFault } from "../transport/fault.ts";

/** An alarm that is set again and again. */
export class Alarm {
  readonly #host: Host;
  readonly #wake: () => void;
  readonly #onFault: (error: SosistabError) => void;
  #armed: Disposable | undefined;
  #armedAt = Infinity;

  /**
   * @param wake Called when the deadline has come, or a little before.
   * @param onFault Ends what `wake` was about, when that has thrown.
   */
  constructor(host: Host, wake: () => void, onFault: (error: SosistabError) => void = () => {}) {
    this.#host = host;
    this.#wake = wake;
    this.#onFault = onFault;
  }

  /** Sets the deadline; Infinity: none. */
  set(at: number): void {
    if (at >= this.#armedAt) return;
    this.cancel();
    this.#armedAt = at;
    this.#armed = this.#host.setAlarm(at, () => {
      this.#armed = undefined;
      this.#armedAt = Infinity;
      try {
        this.#wake();
      } catch (error) {
        this.#onFault(reportFault(this.#host, error));
      }
    });
  }

  /** Takes the deadline back. */
  cancel(): void {
    this.#armed?.[Symbol.dispose]();
    this.#armed = undefined;
    this.#armedAt = Infinity;
  }
}
