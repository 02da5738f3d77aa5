/**
 * How a listener ends: what is open may finish until a deadline, what is left then is cut.
 *
 * @module
 */
import type { Host } from "../host.ts";
import { Alarm } from "./alarm.ts";
import type { DrainOptions } from "./listen_contract.ts";
import { checkDrain } from "./options.ts";

/** What a listener does at its end. */
export interface ListenerEndOptions {
  readonly host: Host;
  /** Takes nothing new from now on; settles when all sessions have come to their end. */
  readonly drain: () => Promise<void>;
  /** Ends all sessions that are left. */
  readonly cut: () => void;
  /** Gives everything back that no session needs. */
  readonly release: () => Promise<void>;
}

/** The end of one listener. */
export class ListenerEnd {
  readonly #options: ListenerEndOptions;
  readonly #deadline: Alarm;
  #end: Promise<void> | undefined;
  /** Whether no session is left to wait for. */
  #isDrained = false;

  /** Nothing ends before {@linkcode close}. */
  constructor(options: ListenerEndOptions) {
    this.#options = options;
    this.#deadline = new Alarm(options.host, options.cut, options.cut);
  }

  /** Whether it has begun to end. */
  get hasBegun(): boolean {
    return this.#end !== undefined;
  }

  /** Begins to end, or brings the deadline nearer; settles when nothing is left. */
  async close({ drain = 0, signal }: DrainOptions): Promise<void> {
    checkDrain(drain);
    const { host, cut } = this.#options;
    this.#end ??= this.#drain();
    if (drain === 0 || signal?.aborted) cut();
    else if (!this.#isDrained) this.#deadline.set(host.now() + drain);
    signal?.addEventListener("abort", cut);
    try {
      await this.#end;
    } finally {
      signal?.removeEventListener("abort", cut);
    }
  }

  async #drain(): Promise<void> {
    await this.#options.drain();
    this.#isDrained = true;
    this.#deadline.cancel();
    await this.#options.release();
  }
}
