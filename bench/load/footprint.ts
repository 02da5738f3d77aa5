/**
 * What the process that asks costs: memory after the garbage is gone, processor time, and what keeps
 * it alive.
 *
 * @module
 */
import process from "node:process";
import { delay } from "../../tests/support/delay.ts";

/** What a process holds and has used. */
export interface Footprint {
  /** Memory that the system has given it, bytes. */
  readonly rss: number;
  /** Memory of its objects, and of the buffers that they hold, bytes. */
  readonly heap: number;
  /** Processor time since it began, ms. */
  readonly cpu: number;
  /** What keeps it alive besides its own input and output, as Node names it; always empty on Bun. */
  readonly resources: readonly string[];
}

/** What every process here has that talks to the one that started it. */
const OWN_RESOURCES = new Set(["PipeWrap", "TTYWrap", "FSReqCallback", "TickObject"]);

/**
 * How often garbage is collected for one look: what a finalizer lets go of is found the next time,
 * and V8 keeps the target of a weak reference until the job that has looked at it is over.
 */
const COLLECTIONS = 3;

declare global {
  /** There by a flag on V8. */
  var gc: (() => void) | undefined;
  var Bun: { gc(isFull: boolean): void } | undefined;
}

/** Collects all garbage. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < COLLECTIONS; i++) {
    if (globalThis.Bun !== undefined) globalThis.Bun.gc(true);
    else if (globalThis.gc !== undefined) globalThis.gc();
    else throw new Error("no garbage collector can be called: --expose-gc is missing");
    await delay(1);
  }
}

/** Collects garbage, and looks. */
export async function takeFootprint(): Promise<Footprint> {
  await collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external, cpu: processorTime(), resources: resourcesHeld() };
}

/** Processor time of this process since it began, ms. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function resourcesHeld(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => !OWN_RESOURCES.has(kind)).sort();
}
