/**
 * What a server's wall clock shows, long after the handshake that told.
 *
 * Two clocks of ours have gone on since: the wall clock, which may have been set in between; and the
 * monotonic one, which may have stood still while the machine slept. As long as they agree there is
 * no doubt. When they do not nobody knows which one is right, so both are to be tried in turn.
 *
 * @module
 */

// Tuning.

/** Seconds by which two estimates may differ: a server takes what is two minutes off. */
const MOST_DIFFERENCE = 60;

/** The clock of one server, as one handshake showed it. */
export class ServerClock {
  readonly #clockOffset: number;
  readonly #originSeconds: number;

  /**
   * @param clockOffset How far it is ahead of our own wall clock, seconds.
   * @param epochSeconds What our own showed at that moment.
   * @param now The monotonic clock at that moment, ms.
   */
  constructor(clockOffset: number, epochSeconds: number, now: number) {
    this.#clockOffset = clockOffset;
    this.#originSeconds = epochSeconds + clockOffset - now / 1000;
  }

  /**
   * What it shows now, seconds since 1970: one estimate, or two that differ, the likelier one first.
   *
   * @param epochSeconds What our own wall clock shows.
   * @param now The monotonic clock, ms.
   */
  estimates(epochSeconds: number, now: number): readonly [number, ...number[]] {
    const byWallClock = epochSeconds + this.#clockOffset;
    const byMonotonic = this.#originSeconds + now / 1000;
    const ahead = byWallClock - byMonotonic;
    if (Math.abs(ahead) <= MOST_DIFFERENCE) return [byWallClock];
    // Only a wall clock can fall behind; both can have made it run ahead, and sleep is more common.
    return ahead < 0 ? [byMonotonic, byWallClock] : [byWallClock, byMonotonic];
  }
}
