/**
 * Why things end.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { Closure } from "./contract.ts";

/** Something was awaited for too long. */
export function lostConnection(): Closure {
  const error = new SosistabError("connection-lost", "the other end has stopped answering");
  return { by: "timeout", error };
}

/** Nothing was heard for too long. */
export function idleTooLong(idleTimeout: number): Closure {
  const message = `nothing was heard for ${idleTimeout / 1000} s`;
  return { by: "timeout", error: new SosistabError("idle-timeout", message) };
}

/** Why nothing more can be done with something that has ended. */
export function endError(closure: Closure): SosistabError {
  return closure.error ?? new SosistabError("closed", "it was closed");
}
