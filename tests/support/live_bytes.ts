import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects garbage; the runtimes hide how. */
const collectGarbage: () => void = findCollector();

/** Bun counts what lies outside of its heap as if it lay inside; the others count it apart. */
const HEAP_HOLDS_ALL = Reflect.has(globalThis, "Bun");

/** Bytes of memory that something still refers to. */
export function liveBytes(): number {
  let least = Infinity;
  // Node lets go of buffers behind the back of the collection, and is done by the next ones.
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, HEAP_HOLDS_ALL ? heapUsed : heapUsed + external);
  }
  return least;
}

function findCollector(): () => void {
  const bun: unknown = Reflect.get(globalThis, "Bun");
  if (typeof bun === "object" && bun !== null) {
    const collect: unknown = Reflect.get(bun, "gc");
    if (typeof collect === "function") return () => collect(true);
  }
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}
