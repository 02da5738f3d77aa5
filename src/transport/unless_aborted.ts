/**
 * A wait that can be broken off, for what knows nothing of signals itself.
 *
 * @module
 */

/** Waits no longer than until the signal is aborted, and rejects with its reason then. */
export function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    // One that is aborted already tells nobody any more.
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
