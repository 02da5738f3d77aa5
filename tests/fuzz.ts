/**
 * Throws any number of inputs at everything that listens.
 *
 * ```text
 * deno task fuzz [N] [SEED] [TARGET]
 *
 * N       inputs for each target, 100,000 by default
 * SEED    an integer, drawn by default
 * TARGET  random-listener, random-client, random-connecting, mutants-listener, mutants-client,
 *         mutants-connecting, frames-listener or frames-client; all of them by default
 * ```
 *
 * Random datagrams and damaged packets must bring no answer, and mad frames inside of a session no
 * exception; nothing may grow, and the sessions beside must go on. Tells inputs a second, and for a
 * failure the seed, the input and how to see it again. The exit code is 1 when anything failed.
 *
 * @module
 */
import process from "node:process";
import { FuzzFailure, runCampaign } from "./fuzz/campaign.ts";
import { type TargetName, TARGETS } from "./fuzz/targets.ts";

const USAGE = `usage: deno task fuzz [N] [SEED] [${Object.keys(TARGETS).join(" | ")}]`;

async function main(args: readonly string[]): Promise<number> {
  const count = Number(args[0] ?? 100_000);
  const seed = Number(args[1] ?? Math.floor(Math.random() * 2 ** 31));
  const names = Object.keys(TARGETS).filter(isTarget)
    .filter((name) => args[2] === undefined || args[2] === name);
  if (!(count >= 1) || !Number.isInteger(seed) || names.length === 0 || args.length > 3) {
    console.error(USAGE);
    return 2;
  }
  console.log(`${count} inputs for each target, seed ${seed}`);
  let failures = 0;
  for (const name of names) if (!await run(name, count, seed)) failures++;
  return failures === 0 ? 0 : 1;
}

/** Does one target; returns whether all went well. */
async function run(name: TargetName, count: number, seed: number): Promise<boolean> {
  const startedAt = performance.now();
  const rate = (done: number) => Math.round(done / (performance.now() - startedAt) * 1000);
  try {
    await runCampaign(name, count, seed, (done) => {
      if (done % 100_000 === 0) console.log(`${name}: ${done} inputs, ${rate(done)} a second`);
    });
    console.log(`${name}: ok, ${count} inputs, ${rate(count)} a second`);
    return true;
  } catch (error) {
    console.error(error instanceof FuzzFailure ? error.message : error);
    return false;
  }
}

function isTarget(name: string): name is TargetName {
  return name in TARGETS;
}

process.exitCode = await main(process.argv.slice(2));
