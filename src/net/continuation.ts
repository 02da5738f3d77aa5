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
  /** The session that is claimed: the last one that was heard, or else the first one. */
  #claimed: SessionIdentity | undefined;
  /** Whether nothing was heard in that: the server need not have known it. */
  #isUnheard = false;
  #askAt = -Infinity;
  #dueAt = Infinity;

  /** Whether a claim has not been answered yet. */
  get isOpen(): boolean {
    return this.#claimed !== undefined;
  }

  /** A new session takes the place of an old one. */
  claim(old: SessionMachine, session: SessionMachine): void {
    if (this.#claimed === undefined) {
      this.#claimed = old.identity;
      this.#isUnheard = old.highestReceived < 0;
    }
    session.acquaintance.setClaim(makeClaim(this.#claimed, session.identity.name));
  }

  /** When {@linkcode asks} is to be called again, although nothing has come. */
  get deadline(): number {
    return this.isOpen ? this.#dueAt : Infinity;
  }

  /**
   * Whether to ask the server for a sign of life, because what has come holds no answer: once a round
   * trip, ms, until there is one. All that it has said of it may have been lost.
   */
  asks(now: number, rtt: number): boolean {
    if (!this.isOpen) return false;
    const isTime = now >= this.#askAt;
    if (isTime) this.#askAt = now + rtt;
    // Nothing else may be under way, and what comes next may be this question's answer.
    this.#dueAt = isTime ? Infinity : this.#askAt;
    return isTime;
  }

  /** Something has come in the session; returns what it decides, once. */
  judge({ acquaintance }: SessionMachine): Fate | undefined {
    if (this.#claimed === undefined) return undefined;
    const { continued, mayBeOwnKind } = acquaintance;
    // What was too long to say it in.
    if (continued === undefined && mayBeOwnKind) return undefined;
    this.#claimed = undefined;
    if (continued === "ended") return "ended";
    // Streams of which the other end has never said anything may begin with this session as well.
    return continued === "yes" || this.#isUnheard ? "goesOn" : "forgotten";
  }
}
