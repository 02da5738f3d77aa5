/**
 * Runs random scenarios of a whole network, 60 virtual seconds and more each, and looks whether what
 * must hold holds in all of them.
 *
 * ```text
 * deno task campaign [N] [SEED]
 *
 * N     scenarios, 200 by default
 * SEED  of the first one, an integer; the next ones follow it; drawn by default
 * ```
 *
 * Tells scenarios a second and what was exercised, and of a failure what was wrong, the scenario in
 * words, and the command that runs it again, step by step the same. The exit code is 1 when anything
 * failed.
 *
 * @module
 */
import process from "node:process";
import { runSeed } from "./campaign/run_scenario.ts";
import { Tally } from "./campaign/tally.ts";

const USAGE = "usage: deno task campaign [N] [SEED]";

/** Scenarios between two lines about the progress. */
const PROGRESS = 100;

/** After so many failures the rest would tell nothing new. */
const MOST_FAILURES = 20;

async function main(args: readonly string[]): Promise<number> {
  const count = Number(args[0] ?? 200);
  const first = Number(args[1] ?? Math.floor(Math.random() * 2 ** 31));
  if (!(count >= 1) || !Number.isSafeInteger(first) || args.length > 2) {
    console.error(USAGE);
    return 2;
  }
  console.log(`${count} scenarios from seed ${first} on`);
  const [tally, startedAt] = [new Tally(), performance.now()];
  let failures = 0;
  for (let done = 1; done <= count && failures < MOST_FAILURES; done++) {
    try {
      tally.addAll((await runSeed(first + done - 1)).tally);
    } catch (error) {
      failures++;
      console.error(error instanceof Error ? error.message : error);
    }
    if (done % PROGRESS === 0 || done === count) {
      const rate = done / (performance.now() - startedAt) * 1000;
      console.log(`${done} scenarios, ${failures} failed, ${rate.toFixed(1)} a second`);
    }
  }
  console.log(tally.toString());
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
