/** Runs something, and returns what the microtasks threw that it put off. */
export async function collectUncaught(run: () => Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const original = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (task) =>
    original(() => {
      try {
        task();
      } catch (error) {
        uncaught.push(error);
      }
    });
  try {
    await run();
  } finally {
    globalThis.queueMicrotask = original;
  }
  return uncaught;
}
