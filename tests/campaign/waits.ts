/**
 * Promises that programs wait for: none may stay pending for longer than it says.
 */
import type { Report } from "./stream_ledger.ts";

/** Time that turns of event loops take, and coarse alarms, and goodbyes, ms. */
const SLACK = 5_000;

interface Wait {
  readonly what: string;
  /** What it belongs to. */
  readonly owners: readonly object[];
  readonly until: number;
}

/** All that is awaited. Times in ms. */
export class Waits {
  readonly #now: () => number;
  readonly #report: Report;
  readonly #waits = new Set<Wait>();
  readonly #ended = new Map<object, number>();
  #stalledUntil = -Infinity;

  constructor(now: () => number, report: Report) {
    this.#now = now;
    this.#report = report;
  }

  /** How many are pending. */
  get size(): number {
    return this.#waits.size;
  }

  /**
   * Watches a promise, and gives it back.
   *
   * @param owners When one of these has ended, it must settle.
   * @param most How long it may take in any case.
   */
  watch<T>(
    what: string,
    promise: Promise<T>,
    owners: readonly object[],
    most = Infinity,
  ): Promise<T> {
    const wait = { what, owners, until: this.#now() + most + SLACK };
    this.#waits.add(wait);
    const settle = () => void this.#waits.delete(wait);
    promise.then(settle, settle);
    return promise;
  }

  /** Something has ended: what waits for it must settle soon. */
  onEnded(owner: object): void {
    if (!this.#ended.has(owner)) this.#ended.set(owner, this.#now());
  }

  /** An event loop stands still for so many ms: nobody is judged before it has caught up. */
  onStall(time: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#now() + time);
  }

  /** What is pending. */
  names(): string[] {
    return [...this.#waits].map(({ what }) => what);
  }

  /** Looks at all of them, now and then. */
  check(): void {
    const now = this.#now();
    if (now < this.#stalledUntil + SLACK) return;
    for (const wait of this.#waits) {
      const { what, owners, until } = wait;
      const endedAt = Math.min(...owners.map((owner) => this.#ended.get(owner) ?? Infinity));
      if (now > until) this.#report(`${what} is pending for longer than it may`);
      else if (now > endedAt + SLACK) {
        this.#report(`${what} is pending ${Math.round(now - endedAt)} ms after its end`);
      } else continue;
      this.#waits.delete(wait);
    }
  }

  /** Nothing may be pending any more. */
  checkNone(): void {
    for (const { what } of this.#waits) this.#report(`${what} is pending when all is over`);
  }
}
