/**
 * Replaces the worst of several shards, as the original does.
 *
 * The server draws the shard for each packet at random. So the shares of the shards differ by chance
 * alone, unless one of them is blocked, throttled or forgotten by a NAT: that one is given up for a
 * new one.
 *
 * @module
 */
import type { Host } from "../host.ts";
import { Alarm } from "./alarm.ts";
import type { Shard } from "./client_path.ts";

// Protocol constants.

/** Chance below which the smallest share is no accident: 1 %, and the deviations that belong to it. */
const DEVIATIONS = 2.33;

// Tuning.

/** Packets for each shard at the least: below it a binomial count is no bell curve yet. */
const LEAST_EXPECTED = 10;

/** Compares the shards of one session. */
export class ShardResets {
  readonly #host: Host;
  readonly #interval: number;
  readonly #shards: () => readonly Shard[];
  readonly #replace: (worst: Shard) => Promise<void>;
  readonly #alarm: Alarm;

  /**
   * @param interval How often they are compared, ms.
   * @param replace Opens another one; what fails is tried again with the next comparison.
   */
  constructor(
    host: Host,
    interval: number,
    shards: () => readonly Shard[],
    replace: (worst: Shard) => Promise<void>,
  ) {
    this.#host = host;
    this.#interval = interval;
    this.#shards = shards;
    this.#replace = replace;
    this.#alarm = new Alarm(host, () => this.#compare());
    this.#alarm.set(host.now() + interval);
  }

  /** Compares no more. */
  stop(): void {
    this.#alarm.cancel();
  }

  #compare(): void {
    this.#alarm.set(this.#host.now() + this.#interval);
    const shards = this.#shards();
    const worst = worstOf(shards.map(({ received }) => received));
    for (const shard of shards) shard.received = 0;
    if (worst !== undefined) this.#replace(shards[worst]!).catch(() => {});
  }
}

/**
 * Which of several counts is too small to be an even share.
 *
 * @returns Its place, or `undefined` when chance explains all.
 */
export function worstOf(counts: readonly number[]): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const share = 1 / counts.length;
  const expected = total * share;
  if (counts.length < 2 || expected < LEAST_EXPECTED) return undefined;
  const least = Math.min(...counts);
  const deviation = Math.sqrt(expected * (1 - share));
  return least < expected - DEVIATIONS * deviation ? counts.indexOf(least) : undefined;
}
