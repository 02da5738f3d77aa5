/**
 * What is done against the loss of datagrams, as the program wishes it.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import { RepairMachine } from "../repair/machine.ts";
import type { DatagramRepairOptions } from "./contract.ts";

// Tuning.

/** How old a datagram may be to be of use, ms: the budget of parity in advance, and its spacing. */
const MAX_AGE = 25;

/**
 * A machine for the repair of one session; `undefined` where it is off.
 *
 * @param budget What pays for bodies that are kept.
 */
export function createRepair(
  repair: DatagramRepairOptions | false,
  now: number,
  budget: ByteBudget,
): RepairMachine | undefined {
  const isOff = repair === false || repair.maxOverhead === 0;
  return isOff ? undefined : new RepairMachine(repair, now, budget);
}

/** How old a datagram may be to be of use, ms, unless it says otherwise. */
export function maxAgeOf(repair: DatagramRepairOptions | false): number {
  return repair === false ? 0 : repair.maxAge ?? MAX_AGE;
}
