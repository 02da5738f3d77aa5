/**
 * What is done against the loss of datagrams, as the program wishes it.
 *
 * @module
 */
import { RepairMachine } from "../repair/machine.ts";
import type { DatagramRepairOptions } from "./contract.ts";

/** A machine for the repair of one session; `undefined` where it is off. */
export function createRepair(
  repair: DatagramRepairOptions | false,
  now: number,
): RepairMachine | undefined {
  const isOff = repair === false || repair.maxOverhead === 0;
  return isOff ? undefined : new RepairMachine(repair, now);
}
