/**
 * How a process learns of a mistake of the library's own: by a warning.
 *
 * No packet may end a process, and no mistake may stay hidden. The platform's way between the two is
 * a warning: the runtimes print it to stderr, and a program may listen for it
 * (`process.on("warning", ...)`) or switch it off.
 *
 * @module
 */
import process from "node:process";

// Tuning.

/** Warnings of one process: somebody who has found a mistake can make it come to light at will. */
const MOST_WARNINGS = 20;

let warnings = 0;

/** Warns of what a guard has caught. */
export function warnOfFault(error: unknown): void {
  if (++warnings > MOST_WARNINGS) return;
  const detail = error instanceof Error ? error.stack ?? error.message : String(error);
  process.emitWarning(`a mistake in sosistab came to light, please report it: ${detail}`, {
    type: "SosistabFault",
  });
}
