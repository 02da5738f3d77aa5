/**
 * Runs the proof of the project, or parts of it.
 *
 * ```text
 * deno run -A tests/run.ts check|deno|bun|node|interop|matrix|all ...
 *
 * check    format, lint, types, documentation, publishing
 * deno     the unit tests on Deno, and the examples of the documentation
 * bun      the unit tests on Bun
 * node     the unit tests on Node
 * interop  against the Rust original, on all three; needs cargo
 * matrix   tests/matrix/
 * all      all of these
 * ```
 *
 * Runtimes that this machine does not have are installed through npx. Everything has an upper time
 * limit. The last line is `N passed, N failed, N skipped`; the exit code is 1 when anything failed
 * or a part ran no test.
 *
 * @module
 */
import { type PartName, PARTS, Parts } from "./runner/parts.ts";
import { isInstalled, readConfiguration, ROOT } from "./runner/project.ts";
import { formatSummary, type PartResult, total } from "./runner/summary.ts";
import { runCommand } from "./support/run_command.ts";

/** Longest time to install the dependencies, ms. */
const INSTALL_TIMEOUT = 5 * 60_000;

async function main(args: readonly string[]): Promise<number> {
  const names = args.flatMap((arg): readonly string[] => arg === "all" ? PARTS : [arg]);
  if (names.length === 0 || !names.every(isPartName)) {
    console.error(`usage: deno run -A tests/run.ts ${PARTS.join("|")}|all ...`);
    return 2;
  }
  const results: PartResult[] = [];
  const installed = await install();
  if (installed) results.push(installed);
  if (installed === undefined || installed.counts.failed === 0) {
    const parts = new Parts(Deno.execPath());
    for (const name of names) results.push(...await parts.run(name));
  }
  console.log(`\n${formatSummary(results)}`);
  return total(results).failed === 0 ? 0 : 1;
}

/** Installs the dependencies where they are missing. */
async function install(): Promise<PartResult | undefined> {
  if (isInstalled(readConfiguration())) return undefined;
  const start = performance.now();
  const { code } = await runCommand(Deno.execPath(), ["install"], {
    cwd: ROOT,
    timeout: INSTALL_TIMEOUT,
    onOutput: (text) => void Deno.stdout.writeSync(new TextEncoder().encode(text)),
  });
  const failed = code === 0 ? 0 : 1;
  return {
    name: "deno install",
    counts: { passed: 1 - failed, failed, skipped: 0 },
    seconds: (performance.now() - start) / 1000,
  };
}

function isPartName(name: string): name is PartName {
  return PARTS.some((part) => part === name);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
