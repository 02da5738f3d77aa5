/**
 * What the runner knows of the project: its folder, its files and what `deno.json` says.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

interface Configuration {
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
}

/** Reads what is needed of `deno.json`. */
export function readConfiguration(): Configuration {
  return JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
}

/** Whether every package that `deno.json` imports lies in `node_modules`. */
export function isInstalled({ imports }: Configuration): boolean {
  return Object.entries(imports)
    .filter(([, target]) => target.startsWith("npm:"))
    .every(([name]) => existsSync(join(ROOT, "node_modules", name)));
}

/** The test files of `tests/` that are plain unit tests. */
export function unitTests(): string[] {
  const others = ["tests/interop/", "tests/matrix/"];
  return testsIn("tests").filter((path) => !others.some((folder) => path.startsWith(folder)));
}

/** The test files below a folder, as paths from the project's. */
export function testsIn(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith("_test.ts"))
    .sort();
}
