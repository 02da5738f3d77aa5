/**
 * The sessions that have ended while their tokens are still good.
 *
 * A token opens one session. Without this a client's last resume, or somebody's copy of it, would
 * open another one with the same keys and an empty memory of what was received.
 *
 * Each minute has a set of short digests, which goes as a whole when the last of its tokens has grown
 * too old. When there is no room the oldest goes before; then no token is good any more that was issued
 * before its end. So whatever comes, no token opens a second session: some open none, and their clients
 * ask for others.
 *
 * @module
 */
import { deriveKey } from "../crypto/hash.ts";
import { digestOf, DigestSet } from "../handshake/digest_set.ts";
import { TOKEN_AGE } from "../handshake/token_keeper.ts";

const MINUTE = 60_000;

/** Minutes that are remembered: those in which a token ends that is still good, and the one that began. */
const MINUTES_KEPT = TOKEN_AGE / MINUTE + 1;

// Tuning.

/**
 * Places of all minutes together, of 4 bytes each: 1 MB, for 200,000 ends in ten minutes at the best
 * and half of them at the worst. With handshakes for a fifth of the processor come up to 300,000.
 */
const MOST_PLACES = 2 ** 18;

/** Ended sessions, by their tokens and their names. Times in ms. */
export class Tombstones {
  readonly #key: Uint8Array;
  /** By minute, oldest first. */
  readonly #minutes = new Map<number, DigestSet>();
  #places = 0;
  #goodSince = -Infinity;

  /** @param secretKey The server's: nobody else can find a token that looks like another one. */
  constructor(secretKey: Uint8Array) {
    this.#key = deriveKey("sosistab digests of ended sessions", secretKey);
  }

  /** Bytes that they take. */
  get byteLength(): number {
    return this.#places * 4;
  }

  /** A token that was issued before may be one of a session that ended and was forgotten. */
  get goodSince(): number {
    return this.#goodSince;
  }

  /** A session has ended. */
  add(name: string, now: number): void {
    this.#forgetOld(now);
    const minute = Math.floor(now / MINUTE);
    const known = this.#minutes.get(minute);
    const more = known === undefined ? DigestSet.leastPlaces : known.isFull ? known.places : 0;
    if (this.#places + more > MOST_PLACES) {
      this.#forgetOldest(now);
      return this.add(name, now);
    }
    const digests = known ?? new DigestSet();
    this.#minutes.set(minute, digests);
    digests.add(digestOf(this.#key, new TextEncoder().encode(name)));
    this.#places += more;
  }

  /**
   * Whether the session of that name has ended. One of 2^32 others looks like it; then that one's client
   * has to ask anew.
   */
  has(name: string, now: number): boolean {
    this.#forgetOld(now);
    const digest = digestOf(this.#key, new TextEncoder().encode(name));
    for (const digests of this.#minutes.values()) if (digests.has(digest)) return true;
    return false;
  }

  #forgetOld(now: number): void {
    const oldest = Math.floor(now / MINUTE) - MINUTES_KEPT + 1;
    for (const minute of this.#minutes.keys()) {
      if (minute >= oldest) return;
      this.#forget(minute);
    }
  }

  /** For lack of room. */
  #forgetOldest(now: number): void {
    for (const minute of this.#minutes.keys()) {
      this.#goodSince = Math.min(now, (minute + 1) * MINUTE);
      return this.#forget(minute);
    }
  }

  #forget(minute: number): void {
    this.#places -= this.#minutes.get(minute)?.places ?? 0;
    this.#minutes.delete(minute);
  }
}
