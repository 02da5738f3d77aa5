/**
 * Goes on in one session with what another one has begun.
 *
 * A client claims the old session from the first frame of the new one on, and proves that it was part
 * of it. A server of our own kind answers; the original says nothing, and has forgotten.
 *
 * @module
 */
import type { SessionIdentity } from "../crypto/keys.ts";
import type { SessionMachine } from "../session/machine.ts";
import { makeClaim } from "./session_claim.ts";

/** What becomes of the streams: they go on, end, or end together with the session. */
export type Fate = "goesOn" | "forgotten" | "ended";

/** The claims of one client, one after the other. */
export class Continuation {
  /** The session that is claimed: the last one that the server is known to have known. */
  #claimed: SessionIdentity | undefined;

  /** A new session takes the place of an old one. */
  claim(old: SessionMachine, session: SessionMachine): void {
    const claimed = this.#claimed ??= old.identity;
    session.acquaintance.setClaim(makeClaim(claimed, session.identity.name));
  }

  /** Something has come in the session; returns what it decides, once. */
  judge({ acquaintance }: SessionMachine): Fate | undefined {
    if (this.#claimed === undefined) return undefined;
    const { continued, isOwnKind } = acquaintance;
    // What was too long to say it in.
    if (continued === undefined && isOwnKind) return undefined;
    this.#claimed = undefined;
    if (continued === "yes") return "goesOn";
    return continued === "ended" ? "ended" : "forgotten";
  }
}
