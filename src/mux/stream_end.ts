/**
 * How streams end.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { ResetCause } from "../wire/reset_cause.ts";

/** How a stream ended. */
export interface StreamEnd {
  readonly by: "local" | "remote" | "timeout" | "error";
  /** Why, unless everything written and sent had arrived. */
  readonly error?: SosistabError;
}

/** What is said to whoever broke a rule of the wire. */
export const PROTOCOL_ERROR: ResetCause = { kind: "library", reason: "protocol-error" };

/** The other side broke a rule of the wire; `what` completes "the other end". */
export function brokenBy(what: string): StreamEnd {
  return { by: "error", error: new SosistabError("reset", `the other end ${what}`) };
}

/**
 * The other side cut the stream.
 *
 * @param what Completes "the other end".
 * @param cause Why, as far as it has said so.
 */
export function cutBy(what: string, cause?: ResetCause): StreamEnd {
  const why = cause === undefined ? "" : `: ${describe(cause)}`;
  const about = cause?.kind === "program"
    ? { resetCode: cause.code }
    : { resetReason: cause?.reason };
  return { by: "remote", error: new SosistabError("reset", `the other end ${what}${why}`, about) };
}

/**
 * Whether the other side refuses an opening. Of a stream that it has agreed to it means an earlier copy
 * of the opening, and comes late.
 */
export function isRefusal(cause: ResetCause | undefined): boolean {
  if (cause?.kind !== "library") return false;
  return cause.reason === "too-many-streams" || cause.reason === "id-in-use";
}

/** An opening was not answered. */
export function unanswered(): StreamEnd {
  const message = "the other end did not answer the opening of the stream";
  return { by: "timeout", error: new SosistabError("no-answer", message) };
}

function describe(cause: ResetCause): string {
  if (cause.kind === "program") return `its program says ${cause.code}`;
  switch (cause.reason) {
    case "protocol-error":
      return "this end has broken a rule of the wire";
    case "too-many-streams":
      return "it takes no more of them";
    case "backlog-full":
      return "too many wait to be accepted";
    case "id-in-use":
      return "its number was in use a short while ago";
    case "going-away":
      return "it is about to leave";
  }
}
