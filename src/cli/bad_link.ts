/**
 * The bad link of the demo: a relay in this process.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { Host } from "../host.ts";
import { openRelay, type Relay } from "../sim/relay.ts";

// Tuning.

/** Mbit/s: as fast as many lines at home are, and no burden for the machine. */
const RATE = 50;

/** What waits in front of it at the most, ms: the queue of a usual router. */
const QUEUE_TIME = 100;

/**
 * Links with it lose the same packets: the n-th of one is lost if that of another is. And it soon comes
 * near the mean, so that a short demo shows what it was asked for.
 */
const SEED = 988;

/** How bad it is, in both directions alike. */
export interface BadLink {
  /** Chance that a packet is lost, 0 to 1. */
  readonly loss: number;
  /** One way, ms. */
  readonly delay: number;
}

/** Puts such a link in front of a server. Close it. */
export function openBadLink(host: Host, server: Address, link: BadLink): Promise<Relay> {
  const conditions = { ...link, rate: RATE, queueTime: QUEUE_TIME, queue: Infinity };
  return openRelay(host, { server, seed: SEED, up: conditions, down: conditions });
}

/** Says what it is like. */
export function describeBadLink({ loss, delay }: BadLink): string {
  const percent = Number((loss * 100).toFixed(2));
  return `a link of ${RATE} Mbit/s that loses ${percent} % of all packets ` +
    `and takes ${delay} ms each way`;
}
