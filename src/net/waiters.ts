/**
 * Promises that wait for one value each, first come, first served.
 *
 * @module
 */

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** Those who wait for values of one kind. Nobody waits for ever: each can be aborted, and all ended. */
export class Waiters<T> {
  /**
   * A Set keeps the order of arrival, and lets anyone leave from the middle. There is none before
   * somebody waits: a stream has three of these, and a server thousands of streams.
   */
  #waiting: Set<Waiter<T>> | undefined;

  /** How many wait. */
  get size(): number {
    return this.#waiting?.size ?? 0;
  }

  /** Waits for a value; rejects with the signal's reason when that is aborted. */
  wait(signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const leave = () => {
        this.#waiting?.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = () => {
        leave();
        reject(signal?.reason);
      };
      const waiter: Waiter<T> = {
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (reason) => {
          leave();
          reject(reason);
        },
      };
      signal?.addEventListener("abort", onAbort);
      this.#waiting ??= new Set();
      this.#waiting.add(waiter);
    });
  }

  /** Gives a value to who has waited longest; `false` when nobody waits. */
  resolveFirst(value: T): boolean {
    for (const waiter of this.#waiting ?? []) {
      waiter.resolve(value);
      return true;
    }
    return false;
  }

  /** Nobody will ever get a value again. */
  rejectAll(reason: unknown): void {
    for (const waiter of [...this.#waiting ?? []]) waiter.reject(reason);
  }
}
