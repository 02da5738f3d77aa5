/**
 * What sessions may hold, each and all together.
 *
 * A program may have one listener, or many, and sessions of its own besides: unless it says something
 * else they all share what one process may hold.
 *
 * @module
 */
import { ByteBudget } from "../byte_budget.ts";
import type { Host } from "../host.ts";
import { SESSION_BYTES } from "../mux/receive_budget.ts";
import type { DriverOptions } from "./driver_contract.ts";

// Tuning.

/** Bytes that all sessions of a host may hold: eight that hold as much as one may. */
const PROCESS_BYTES = 256 * 2 ** 20;

/** By host, as whoever brings another host means another world. */
const budgets = new WeakMap<Host, ByteBudget>();

/**
 * What all sessions of a listener, or of a client, may hold together.
 *
 * @param bytes What was set; by default they share 256 MiB with all others of the host for which
 * nothing was.
 */
export function sharedMemory(host: Host, bytes?: number): ByteBudget {
  if (bytes !== undefined) return new ByteBudget(bytes);
  let budget = budgets.get(host);
  if (budget === undefined) {
    budget = new ByteBudget(PROCESS_BYTES);
    budgets.set(host, budget);
  }
  return budget;
}

/** What a session may hold. To be closed with it. */
export function openSessionMemory(
  { host, limits, memory }: Pick<DriverOptions, "host" | "limits" | "memory">,
): ByteBudget {
  return new ByteBudget(limits?.bytes ?? SESSION_BYTES, memory ?? sharedMemory(host));
}
