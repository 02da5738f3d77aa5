/**
 * Finds the runtimes that the tests run on.
 *
 * @module
 */
import { runCommand } from "../support/run_command.ts";

/** A runtime, or the reason why there is none. */
export type Program =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

interface Wanted {
  readonly command: string;
  /** The least version, in numbers. */
  readonly least: readonly [number, number];
  /** What npx is asked for where the machine has none, or one that is too old. */
  readonly npmPackage: string;
  /** Prints the path of the runtime that runs it. */
  readonly printPath: string;
}

/** 1.4 is the first that passes all tests of adapters. */
const BUN: Wanted = {
  command: "bun",
  least: [1, 4],
  npmPackage: "bun@1.4",
  printPath: "bun -p process.execPath",
};

/** 22.18 is the first that runs TypeScript without a flag. */
const NODE: Wanted = {
  command: "node",
  least: [22, 18],
  npmPackage: "node@24",
  printPath: "node -p process.execPath",
};

/** Longest time for a download, ms. */
const NPX_TIMEOUT = 5 * 60_000;

/** Longest time to say a version, ms. */
const VERSION_TIMEOUT = 30_000;

/** Finds Bun: in the path, else through npx. */
export function findBun(): Promise<Program> {
  return find(BUN);
}

/** Finds a Node that runs TypeScript: in the path, else through npx. */
export function findNode(): Promise<Program> {
  return find(NODE);
}

async function find({ command, least, npmPackage, printPath }: Wanted): Promise<Program> {
  const own = await runCommand(command, ["--version"], { timeout: VERSION_TIMEOUT });
  if (own.code === 0 && isAtLeast(own.output, least)) return { kind: "found", path: command };
  // The path and not npx itself, so that nothing stands between us and what must be ended.
  const npx = await runCommand("npx", ["-y", "-p", npmPackage, "-c", printPath], {
    timeout: NPX_TIMEOUT,
  });
  const path = npx.output.trim().split("\n").findLast((line) => /^([A-Z]:)?[\\/]/.test(line));
  if (npx.code === 0 && path !== undefined) return { kind: "found", path: path.trim() };
  const why = npx.missing
    ? "there is no npx to install it"
    : `npx could not install ${npmPackage}: ${npx.output.trim().split("\n").at(-1)}`;
  return { kind: "missing", reason: `no ${command} ${least.join(".")} or later, and ${why}` };
}

/** Whether a version as `v24.1.0` or `1.4.5` is `least` or later. */
export function isAtLeast(version: string, least: readonly [number, number]): boolean {
  const match = /(\d+)\.(\d+)\.\d+/.exec(version);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > least[0] || (major === least[0] && minor >= least[1]);
}
