/**
 * When a client agrees on other keys although its session is well.
 *
 * It then says hello as if it knew no session, and the answer's keys take the place of the old ones.
 * A server of our own kind goes on with the streams (`continuation.ts`); the original cannot, and they
 * end with `session-lost`. So there only what must be is done.
 *
 * @module
 */
import type { SessionMachine } from "../session/machine.ts";
import { MOST_SEALED } from "../session/session_keys.ts";
import type { KeyLimits } from "./contract.ts";

// Tuning.

/** Packets under one set of keys: half of what is possible, so there is time to find the server. */
const MOST_PACKETS = 2 ** 31;

/** The same where the streams end with the keys: what is left is sealed in an hour at the fastest. */
const MOST_PACKETS_ORIGINAL: number = MOST_SEALED - 2 ** 28;

/**
 * Packets that the server may have sealed for each frame of its: parity comes to as many again at the
 * most in the long run, and not all of it arrives.
 */
const PACKETS_PER_FRAME = 2;

/** Packets that may fail to open: half of what ends the session. */
const MOST_FAILED = 2 ** 35;

/**
 * How long one set of keys is used, ms: a day. Whoever takes a key out of an end's memory can read so
 * much of a session that lasts for weeks, and no more; and a hello a day is no mark.
 */
const MOST_AGE = 86_400_000;

/** Watches the keys of one client's sessions. Times in ms. */
export class KeyRenewal {
  readonly #limits: KeyLimits;
  #since: number;
  #isUnderWay = false;

  /** @param now When the first session began. */
  constructor(limits: KeyLimits = {}, now: number) {
    this.#limits = limits;
    this.#since = now;
  }

  /** Whether other keys are sought. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** The session was heard; returns whether the search for other keys is to begin now. */
  begin(session: SessionMachine, now: number): boolean {
    if (this.#isUnderWay || !this.#isDue(session, now)) return false;
    this.#isUnderWay = true;
    return true;
  }

  /** Another session has taken the place of the old one, for whatever reason. */
  onReplaced(now: number): void {
    this.#since = now;
    this.#isUnderWay = false;
  }

  #isDue({ keys, highestReceived, isOwnKind }: SessionMachine, now: number): boolean {
    if (keys.failed >= MOST_FAILED) return true;
    const used = Math.max(keys.sealed, PACKETS_PER_FRAME * (highestReceived + 1));
    if (!isOwnKind) return used >= MOST_PACKETS_ORIGINAL;
    const { packets = MOST_PACKETS, age = MOST_AGE } = this.#limits;
    return used >= packets || now - this.#since >= age;
  }
}
