/**
 * How streams end.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";

/** How a stream ended. */
export interface StreamEnd {
  readonly by: "local" | "remote" | "timeout" | "error";
  /** Why, unless everything written and sent had arrived. */
  readonly error?: SosistabError;
}

/** The other side broke a rule of the wire; `what` completes "the other end". */
export function brokenBy(what: string): StreamEnd {
  return { by: "error", error: new SosistabError("reset", `the other end ${what}`) };
}

/** The other side cut the stream; `what` completes "the other end". */
export function cutBy(what: string): StreamEnd {
  return { by: "remote", error: new SosistabError("reset", `the other end ${what}`) };
}

/** An opening was not answered. */
export function unanswered(): StreamEnd {
  const message = "the other end did not answer the opening of the stream";
  return { by: "timeout", error: new SosistabError("no-answer", message) };
}
