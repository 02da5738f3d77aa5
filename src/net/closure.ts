/**
 * Why things end.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { Closure } from "./contract.ts";

/** Something was awaited for too long. */
export const DEAD: Closure = {
  by: "timeout",
  error: new SosistabError("connection-lost", "the other end has stopped answering"),
};

/** Nothing was heard for too long. */
export const IDLE: Closure = {
  by: "timeout",
  error: new SosistabError("idle-timeout", "nothing was heard for the session's idle time"),
};

/** Why nothing more can be done with something that has ended. */
export function endError(closure: Closure): SosistabError {
  return closure.error ?? new SosistabError("closed", "it was closed");
}
