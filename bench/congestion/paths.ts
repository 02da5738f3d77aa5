/**
 * The paths of the table.
 *
 * @module
 */
import type { LinkConditions } from "../../src/adapters/sim.ts";
import type { PathShape } from "./lab.ts";

/** A path with a name for the table. */
export interface NamedPath extends PathShape {
  readonly name: string;
}

/** Loss with a name for the table. */
export interface NamedLoss {
  readonly name: string;
  readonly bad: LinkConditions;
}

/** The path of most scenarios. Its queue is a little shorter than one bandwidth-delay product. */
export const FAST: NamedPath = named(100, 50, 400);
/** A long path. */
export const LONG: NamedPath = named(20, 200, 330);
/** A slow path. */
export const SLOW: NamedPath = named(2, 50, 20);
/** The fast path behind a queue of a second. */
export const DEEP: NamedPath = named(100, 50, 8_750);

/** Losses of the rows with floors. */
export const LOSSES: readonly NamedLoss[] = [
  { name: "0 %", bad: {} },
  { name: "1 %", bad: { loss: 0.01 } },
  { name: "5 %", bad: { loss: 0.05 } },
  { name: "10 %", bad: { loss: 0.1 } },
  { name: "20 %", bad: { loss: 0.2 } },
  { name: "5 % in bursts of 5", bad: { loss: 0.05, burst: 5 } },
];

/** A path with its name. */
export function named(rate: number, rtt: number, queue: number): NamedPath {
  return { name: `${rate} Mbit/s, ${rtt} ms, queue ${queue}`, rate, rtt, queue };
}

/** The same path, losing. */
export function losing(path: NamedPath, bad: LinkConditions): NamedPath {
  return { ...path, bad };
}
