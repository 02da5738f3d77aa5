/**
 * Which errors have a reason: none may come out of nowhere.
 */
import { SosistabError, type SosistabErrorCode } from "../../src/errors.ts";
import type { Effect } from "./faults.ts";

/**
 * How long after its end a fault may still be the reason that nobody answers, ms: until a timer that
 * it has stretched rings.
 */
const AFTERMATH = 15_000;

/** A multiplex, or a bare session, at one end. Times in ms. */
export interface Life {
  readonly name: string;
  readonly role: "client" | "server";
  readonly startedAt: number;
  readonly deadAfter: number;
  readonly idleTimeout: number;
  /** How it ended, once it has; set before its own program ends it. */
  over: string | undefined;
}

interface Trouble {
  readonly effect: Effect;
  readonly from: number;
  until: number;
}

/** What has happened so far that may have consequences. Times in ms. */
export class Causes {
  readonly #now: () => number;
  readonly #troubles: Trouble[] = [];
  /** Ends of a role that have ended, for whatever reason. */
  readonly #ended = { client: 0, server: 0 };

  #hasGivenUp = false;

  /** Whether the server takes and opens nothing new, because it is on its way out. */
  isDraining = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Something goes wrong; what is returned is called when it is over. */
  onTrouble(effect: Effect): () => void {
    const trouble = { effect, from: this.#now(), until: Infinity };
    this.#troubles.push(trouble);
    return () => void (trouble.until = this.#now());
  }

  /** One end of something has ended, or has been cut. */
  onEnded(role: "client" | "server"): void {
    this.#ended[role]++;
  }

  /** A server's end has given its client up, who cannot be told. */
  onGivenUp(): void {
    this.#hasGivenUp = true;
  }

  /** Whether a server's end has done so: who only listens learns of it by his own idle time alone. */
  get hasGivenUp(): boolean {
    return this.#hasGivenUp;
  }

  /** Whether something of that kind went on in the last so many ms. */
  hasTrouble(effects: readonly Effect[], within: number): boolean {
    const since = this.#now() - within - AFTERMATH;
    return this.#troubles.some(({ effect, until }) => effects.includes(effect) && until >= since);
  }

  /** Whether an end of the other role has ended. */
  hasLostPeer({ role }: Pick<Life, "role">): boolean {
    return this.#ended[role === "client" ? "server" : "client"] > 0;
  }

  /** Whether an error of something that belongs to a multiplex or session has a reason. */
  explains(error: unknown, life: Life): boolean {
    if (!(error instanceof SosistabError)) return false;
    return this.#explainsCode(error.code, life);
  }

  #explainsCode(code: SosistabErrorCode, life: Life): boolean {
    switch (code) {
      case "closed":
        return life.over !== undefined || this.hasLostPeer(life) ||
          (life.role === "server" && this.isDraining);
      case "goodbye":
        return this.hasLostPeer(life);
      case "session-lost":
        return life.role === "client" && this.hasLostPeer(life);
      case "connection-lost":
        return this.hasLostPeer(life) || this.hasTrouble(["silence"], life.deadAfter);
      case "idle-timeout":
        return this.#now() - life.startedAt >= life.idleTimeout;
      case "no-answer":
        return this.hasLostPeer(life) || this.hasTrouble(["silence"], 30_000);
      default:
        return false;
    }
  }
}

/** The name of an error, for tallies. */
export function nameOf(error: unknown): string {
  if (error instanceof SosistabError) return error.code;
  if (error instanceof DOMException) return error.name;
  return error instanceof Error ? `${error.name} ${error.message}` : String(error);
}
