/**
 * Throws any number of inputs at everything that takes in what others send.
 *
 * ```text
 * deno task fuzz [LENGTH] [SEED] [TARGET]...
 *
 * LENGTH  of all targets together: 30s, 10m or 2h; or inputs for each target; 5m by default
 * SEED    an integer, drawn by default
 * TARGET  as in tests/fuzz/targets.ts; all of them by default
 * ```
 *
 * What comes from outside must bring no answer that it does not deserve, what comes from inside of a
 * session no exception; nothing may grow, and the sessions beside must go on. Tells inputs a second,
 * and how many of each kind were taken. What fails is shortened and kept in `tests/fuzz/found/`, where
 * it is a test of `tests/fuzz_found_test.ts`. The exit code is 1 when anything failed.
 *
 * @module
 */
import process from "node:process";
import { FuzzFailure, runCampaign } from "./fuzz/campaign.ts";
import { save } from "./fuzz/finding.ts";
import { TARGETS } from "./fuzz/targets.ts";

const USAGE = `usage: deno task fuzz [LENGTH] [SEED] [${Object.keys(TARGETS).join(" | ")}]...`;

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

interface Length {
  readonly count?: number;
  readonly ms?: number;
}

async function main([length = "5m", seedText, ...wanted]: readonly string[]): Promise<number> {
  const names = wanted.length > 0 ? wanted : Object.keys(TARGETS);
  const each = parseLength(length, names.length);
  const seed = Number(seedText ?? Math.floor(Math.random() * 2 ** 31));
  if (each === undefined || !Number.isInteger(seed) || names.some((name) => !TARGETS[name])) {
    console.error(USAGE);
    return 2;
  }
  console.log(`${length}, seed ${seed}`);
  let failures = 0;
  let inputs = 0;
  for (const name of names) {
    const done = await run(name, each, seed);
    if (done === undefined) failures++;
    else inputs += done;
  }
  console.log(`${inputs} inputs, ${failures} failures`);
  return failures === 0 ? 0 : 1;
}

function parseLength(text: string, targets: number): Length | undefined {
  const [, number, unit = ""] = /^(\d+)([smh]?)$/.exec(text) ?? [];
  if (number === undefined || Number(number) < 1) return undefined;
  const ms = UNITS[unit];
  return ms === undefined ? { count: Number(number) } : { ms: Number(number) * ms / targets };
}

/** Does one target; returns how many inputs it was, `undefined` when it failed. */
async function run(name: string, length: Length, seed: number): Promise<number | undefined> {
  const startedAt = performance.now();
  const rate = (done: number) =>
    `${done} inputs, ${Math.round(done / (performance.now() - startedAt) * 1000)} a second`;
  let toldAt = startedAt;
  try {
    const onProgress = (done: number) => {
      if (performance.now() - toldAt < 10_000) return;
      toldAt = performance.now();
      console.log(`${name}: ${rate(done)}`);
    };
    const { inputs, tally } = await runCampaign(TARGETS[name]!, {
      name,
      seed,
      ...length,
      onProgress,
    });
    console.log([`${name}: ok, ${rate(inputs)}`, ...tally.lines()].join("\n"));
    return inputs;
  } catch (error) {
    console.error(error);
    if (error instanceof FuzzFailure) console.error(`kept as ${save(error.finding)}`);
    return undefined;
  }
}

process.exitCode = await main(process.argv.slice(2));
