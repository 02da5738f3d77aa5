/**
 * Remembers hellos, so that one that is replayed gets no answer.
 *
 * A hello opens under the keys of five minutes and no longer; so it must be remembered for five
 * minutes, and is for five to ten: two generations, of which the older one is dropped when the
 * younger is full of time or of entries. What is remembered is a part of the packet that its sender
 * drew at random and sealed.
 *
 * @module
 */

// Tuning.

/** How long a generation is filled, ms: as long as a hello can be opened, five minutes. */
const GENERATION = 5 * 60_000;

/**
 * Entries of one generation: about 4 MB for both. A flood that fills them can only be made by
 * somebody who knows the server's key; it makes old hellos answerable again, which tells him nothing.
 */
const MOST_ENTRIES = 2 ** 15;

/** The hellos of the last minutes. All times in ms. */
export class HelloFilter {
  #young = new Set<number>();
  #old = new Set<number>();
  #bornAt: number;

  /** @param now The time at the start. */
  constructor(now: number) {
    this.#bornAt = now;
  }

  /**
   * Takes a hello once.
   *
   * @param packet The sealed packet; its nonce is what counts.
   * @returns `false` when it has been seen before.
   */
  accept(packet: Uint8Array, now: number): boolean {
    if (now - this.#bornAt >= GENERATION || this.#young.size >= MOST_ENTRIES) {
      this.#old = now - this.#bornAt >= 2 * GENERATION ? new Set() : this.#young;
      this.#young = new Set();
      this.#bornAt = now;
    }
    const digest = digestOf(packet);
    if (this.#young.has(digest) || this.#old.has(digest)) return false;
    this.#young.add(digest);
    return true;
  }
}

/** 52 bits of the nonce, which stands 24 bytes before the end. */
function digestOf(packet: Uint8Array): number {
  const at = packet.length - 24;
  let high = 0;
  let low = 0;
  for (let i = 0; i < 3; i++) high = high * 256 + packet[at + i]!;
  for (let i = 3; i < 6; i++) low = low * 256 + packet[at + i]!;
  return high * 2 ** 28 + low * 16 + (packet[at + 6]! & 15);
}
