/**
 * Compiles a C program.
 *
 * @module
 */
import { runCommand } from "../../tests/support/run_command.ts";

/** Longest time that it may take, ms. */
const TIMEOUT = 60_000;

/** @returns Why it cannot be done. */
export async function compile(source: string, program: string): Promise<string | undefined> {
  const built = await runCommand("cc", ["-O2", "-o", program, source], { timeout: TIMEOUT });
  if (built.missing) return "there is no C compiler (cc)";
  if (built.code === 0) return undefined;
  return `it does not compile: ${built.output.trim().split("\n")[0]}`;
}
