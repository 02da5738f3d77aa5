/**
 * Randomised tests that say how to repeat them.
 *
 * @module
 */
import { test, type TestContext } from "node:test";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RUNTIME } from "./current_host.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Set to a number, it is the only seed that is tried. */
const VARIABLE = "SOSISTAB_SEED";

/** A test that is run once for each seed. */
export interface SeededTest {
  readonly name: string;
  /** The `import.meta.url` of its file. */
  readonly file: string;
  /** Seeds from 1 to this one are tried. */
  readonly seeds: number;
  /** What is done with each. */
  readonly run: (seed: number, context: TestContext) => void | Promise<void>;
}

/**
 * Registers a test that tries many seeds. When one fails, the error begins with the seed and with the
 * command that tries that one alone.
 */
export function testEachSeed({ name, file, seeds, run }: SeededTest): void {
  test(name, async (context) => {
    for (const seed of chosenSeeds(seeds, process.env[VARIABLE])) {
      try {
        await run(seed, context);
      } catch (error) {
        throw new Error(`seed ${seed}; again with: ${repeatCommand(file, seed)}\n${error}`, {
          cause: error,
        });
      }
    }
  });
}

/** The seeds to try: all up to a number, or the one that was asked for. */
export function chosenSeeds(seeds: number, asked: string | undefined): number[] {
  if (asked !== undefined && asked !== "") return [Number(asked)];
  return Array.from({ length: seeds }, (_, i) => i + 1);
}

/** What to type in the project's folder. */
export function repeatCommand(file: string, seed: number, runtime = RUNTIME): string {
  const runner = { deno: "deno test -A", bun: "bun test", node: "node --test" }[runtime];
  return `${VARIABLE}=${seed} ${runner} ${fileURLToPath(file).replace(ROOT, "")}`;
}
