/**
 * The host of the runtime that runs the test.
 */
import type { Host } from "../../src/host.ts";

/** The runtime's name: "deno", "bun" or "node". */
export const RUNTIME: "deno" | "bun" | "node" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

/** Makes its host. */
export async function currentHost(): Promise<Host> {
  switch (RUNTIME) {
    case "deno":
      return (await import("../../src/adapters/deno_host.ts")).denoHost();
    case "bun":
      return (await import("../../src/adapters/bun_host.ts")).bunHost();
    case "node":
      return (await import("../../src/adapters/node_host.ts")).nodeHost();
  }
}
