/**
 * The sessions that have ended while their tokens are still good.
 *
 * A token opens one session. Without this a client's last resume, or somebody's copy of it, would
 * open another one with the same keys and an empty memory of what was received.
 *
 * @module
 */
import { TOKEN_AGE } from "../handshake/token_keeper.ts";

/** Ended sessions, by their tokens and their names. Times in ms. */
export class Tombstones {
  /** When each may be forgotten; oldest first, since a Map keeps the order of insertion. */
  readonly #until = new Map<string, number>();

  /** How many there are. */
  get size(): number {
    return this.#until.size;
  }

  /** A session has ended. */
  add(tokenId: string, now: number): void {
    this.#forget(now);
    this.#until.set(tokenId, now + TOKEN_AGE);
  }

  /** Whether the token's session has ended. */
  has(tokenId: string, now: number): boolean {
    this.#forget(now);
    return this.#until.has(tokenId);
  }

  #forget(now: number): void {
    for (const [tokenId, until] of this.#until) {
      if (until > now) return;
      this.#until.delete(tokenId);
    }
  }
}
