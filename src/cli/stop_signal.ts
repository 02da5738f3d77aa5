/**
 * Ctrl-C and SIGTERM as an `AbortSignal`.
 *
 * @module
 */
import process from "node:process";
import { Interruption } from "./failure.ts";

/** A signal that is aborted with an {@linkcode Interruption}. The second time the program ends at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      const interruption = new Interruption(name);
      if (controller.signal.aborted) process.exit(interruption.exitCode);
      controller.abort(interruption);
    });
  }
  return controller.signal;
}
