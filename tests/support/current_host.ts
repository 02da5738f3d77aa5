/**
 * The host of the runtime that runs the test.
 */
import type { Host } from "../../src/host.ts";
import { throwUncaught } from "../../src/transport/throw_uncaught.ts";

/** The runtime's name: "deno", "bun" or "node". */
export const RUNTIME: "deno" | "bun" | "node" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

/** Makes its host, on which a mistake of the library's is an uncaught error: it fails the test. */
export async function currentHost(): Promise<Host> {
  return { ...await plainHost(), onFault: throwUncaught };
}

/** The same as programs get it. */
export async function plainHost(): Promise<Host> {
  switch (RUNTIME) {
    case "deno":
      return (await import("../../src/adapters/deno_host.ts")).denoHost();
    case "bun":
      return (await import("../../src/adapters/bun_host.ts")).bunHost();
    case "node":
      return (await import("../../src/adapters/node_host.ts")).nodeHost();
  }
}
