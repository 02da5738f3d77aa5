/**
 * Ctrl-C and SIGTERM as `AbortSignal`s.
 *
 * @module
 */
import process from "node:process";
import { Interruption } from "./failure.ts";

/** How the program is asked to stop. */
export interface StopSignals {
  /**
   * Aborted with an {@linkcode Interruption} when it is to stop at once: by the first signal, or by the
   * second where the first is to let it finish. By the signal after that the process ends.
   */
  readonly signal: AbortSignal;

  /**
   * From now on the first signal is to let it finish what it has begun.
   *
   * @returns Aborted by that one, with an {@linkcode Interruption}.
   */
  readonly finishFirst: () => AbortSignal;
}

/** Listens for both. */
export function stopSignals(): StopSignals {
  const now = new AbortController();
  const finish = new AbortController();
  let finishes = false;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      const interruption = new Interruption(name);
      if (now.signal.aborted) process.exit(interruption.exitCode);
      if (finishes && !finish.signal.aborted) finish.abort(interruption);
      else now.abort(interruption);
    });
  }
  const finishFirst = () => {
    finishes = true;
    return finish.signal;
  };
  return { signal: now.signal, finishFirst };
}
