/**
 * Makes a mistake in somebody's handler an uncaught error, as it is anywhere else, wherever the
 * runtime would swallow it or take it for an error of its own.
 *
 * @module
 */

/** Throws an error where nobody can catch it, soon. */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
