/**
 * The host of the runtime that the program runs on. The library never asks this; only the program
 * does.
 *
 * @module
 */
import type { Host } from "../host.ts";

/** A runtime that the program knows. */
export type Runtime = "deno" | "bun" | "node";

/** The runtime that this is. Bun and Deno say so; what says nothing is Node. */
export const RUNTIME: Runtime = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

/** Makes the host of this runtime. Only its own adapter is loaded: the others may not load here. */
export async function loadHost(): Promise<Host> {
  switch (RUNTIME) {
    case "deno":
      return (await import("../adapters/deno_host.ts")).denoHost();
    case "bun":
      return (await import("../adapters/bun_host.ts")).bunHost();
    case "node":
      return (await import("../adapters/node_host.ts")).nodeHost();
  }
}
