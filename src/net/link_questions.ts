/**
 * Which of a client's links the server is asked over next: a stream loses nothing, so over one of them
 * a question is enough for a while.
 *
 * @module
 */
import { isReliable, type Link } from "../transport/link.ts";
import type { OwnLink } from "./client_path.ts";

// Tuning.

/** How long an answer over a stream may take, ms, before it is asked again: it may have been cut. */
const STREAM_PATIENCE = 3_000;

/** The questions of one client. */
export class LinkQuestions {
  readonly #askedAt = new WeakMap<Link, number>();

  /** Of these links, those that take a hello now. A hello for another clock is in vain over a stream. */
  *due(links: readonly OwnLink[], isForOtherClock: boolean, now: number): Generator<OwnLink> {
    for (const link of links) {
      if (isReliable(link.carrier)) {
        const askedAt = this.#askedAt.get(link);
        if (isForOtherClock || (askedAt !== undefined && now - askedAt < STREAM_PATIENCE)) continue;
        // What was damaged on its way ends a stream over there, and nobody says so.
        if (askedAt !== undefined && link.isOpen === true) link.renew?.();
        this.#askedAt.set(link, now);
      }
      yield link;
    }
  }

  /** A stream was cut, and what was asked over it perhaps with it. */
  onCut(link: Link): void {
    this.#askedAt.delete(link);
  }
}
