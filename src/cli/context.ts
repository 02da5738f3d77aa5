/**
 * What every command is given.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { Reporter } from "./reporter.ts";

/** The world of a command. */
export interface Context {
  /** Where sockets and chance come from. */
  readonly host: Host;
  /** Where to say what happens. */
  readonly reporter: Reporter;
  /** Aborted with an `Interruption` when the program is to stop at once. */
  readonly signal: AbortSignal;
  /** Asks for the first signal to let it finish what it has begun; returns what tells of it. */
  readonly finishFirst: () => AbortSignal;
}
