/**
 * Why things end.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import { SosistabError } from "../errors.ts";
import type { Closure } from "./contract.ts";

/**
 * The server has not answered.
 *
 * @param cause Why the last byte stream to it did not open; `undefined`: nothing is known of that.
 */
export function noAnswer(
  { hostname, port, timeout }: Address & { timeout: number },
  cause?: unknown,
): SosistabError {
  const where = formatAddress({ hostname, port });
  const message = `no answer from ${where} in ${timeout / 1000} s`;
  return new SosistabError("no-answer", message, cause === undefined ? {} : { cause });
}

/** The session belongs to another one's multiplex now. */
export function goneOver(): Closure {
  const message = "the session has taken the place of another one, and belongs to its multiplex";
  return { by: "local", error: new SosistabError("closed", message) };
}

/** The server is there, and knows nothing of the session any more. */
export function forgottenStreams(): Closure {
  const message = "the server has forgotten the session, as after a restart";
  return { by: "error", error: new SosistabError("session-lost", message) };
}

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

/** Nothing more may be sealed or opened under the session's keys, and no others were agreed on. */
export function spentKeys(): Closure {
  const message = "the keys of the session have been used as often as they may be";
  return { by: "error", error: new SosistabError("keys-spent", message) };
}

/** Why nothing more can be done with something that has ended. */
export function endError({ by, error }: Closure): SosistabError {
  if (error !== undefined) return error;
  return by === "remote"
    ? new SosistabError("goodbye", "the other end has closed the session")
    : new SosistabError("closed", "it was closed");
}
