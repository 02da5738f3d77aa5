/**
 * The program decides about each new session, before it is handed to whoever accepts.
 *
 * It has a while for it, in which it can talk to the client. Until then the session counts as one that
 * waits to be accepted, so strangers have no more of them at a time. Whatever is not a plain `true` is a
 * refusal, and ends the session: so is what the program throws, since what it looks at was written by
 * a stranger.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { Host } from "../host.ts";
import { unlessAborted } from "../transport/unless_aborted.ts";
import type { ListenOptions } from "./listen_contract.ts";
import type { DrivenSession } from "./session.ts";

// Tuning.

/** How long it may take by default, ms: some round trips of the worst paths, and a look into a database. */
export const AUTHORIZE_TIMEOUT = 10_000;

/** Asks the program of one listener. */
export class Authorization {
  readonly #host: Host;
  readonly #authorize: NonNullable<ListenOptions["authorize"]>;
  readonly #timeout: number;
  readonly #onAllowed: (session: DrivenSession) => void;
  #asked = 0;
  #refused = 0;

  /** @param onAllowed Told of sessions that are accepted. */
  constructor(
    host: Host,
    { authorize = () => true, authorizeTimeout = AUTHORIZE_TIMEOUT }: ListenOptions,
    onAllowed: (session: DrivenSession) => void,
  ) {
    this.#host = host;
    this.#authorize = authorize;
    this.#timeout = authorizeTimeout;
    this.#onAllowed = onAllowed;
  }

  /** Sessions that are being decided about. */
  get asked(): number {
    return this.#asked;
  }

  /** Sessions that were refused. */
  get refused(): number {
    return this.#refused;
  }

  /** Decides about a session. */
  async decide(session: DrivenSession): Promise<void> {
    const controller = new AbortController();
    let hasEnded = false;
    session.closed.then(() => {
      hasEnded = true;
      controller.abort(new SosistabError("closed", "the session ended before it was authorized"));
    });
    const alarm = this.#host.setAlarm(this.#host.now() + this.#timeout, () => {
      controller.abort(new SosistabError("no-answer", "the authorization took too long"));
    });
    this.#asked++;
    const isAllowed = await this.#ask(session, controller.signal);
    this.#asked--;
    alarm[Symbol.dispose]();
    if (hasEnded) return;
    if (isAllowed) return this.#onAllowed(session);
    this.#refused++;
    await session.close();
  }

  async #ask(session: DrivenSession, signal: AbortSignal): Promise<boolean> {
    try {
      const answer: unknown = this.#authorize(session, { signal });
      return await unlessAborted(Promise.resolve(answer), signal) === true;
    } catch {
      return false;
    }
  }
}
