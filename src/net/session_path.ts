/**
 * The way of one session's packets to its other end, as its driver sees it.
 *
 * A client's leads over the links that it has made (`client_path.ts`), a server's to where the client
 * was last heard from (`route.ts`).
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { Carrier } from "../transport/link.ts";

/** The way to the other end of a session. Times in ms. */
export interface SessionPath {
  /** Where the other end is. */
  readonly address: Address;
  /** What the next packet goes over. */
  readonly carrier: Carrier;
  /** Why that, where nobody has said what is to be used. */
  readonly reason: string | undefined;
  /** Whether more waits there than is good: what can wait should. */
  readonly isFull: boolean;

  /** When the machine was found to have slept; what was silent until then may be silent anew. */
  readonly wokeAt: number;

  /** Whether the other end is looked for by other means, so that the session need not ask by itself. */
  readonly isSought: boolean;

  /**
   * A packet with a number of its own is about to be made, and sent next: what must go before it goes.
   *
   * @param isQuestion Whether the other end answers it at once.
   */
  prepare(isQuestion: boolean, now: number): void;

  /** Sends a packet; `false`: it was dropped here. */
  send(packet: Uint8Array, now: number): boolean;

  /** The network may have changed. */
  refresh(): void;

  /** When {@linkcode handleTimeout} has something to do. */
  readonly deadline: number;

  /**
   * Sends what the path itself has to say, if it is due.
   *
   * @returns Whether the other end should be asked for a sign of life: the path is in doubt.
   */
  handleTimeout(now: number): boolean;

  /** The session has ended, and only goodbye is still said: nothing more is sought or tried. */
  retire(): void;

  /** Gives up what belongs to this session alone. */
  close(): void;
}
