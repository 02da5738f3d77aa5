/**
 * `deno task bench:load [RUNTIME...] [TEST...] [options]`: what a server bears.
 *
 * Words that are runtimes choose these, other words the tests whose names contain one of them. With a
 * full run `bench/load.md` and `bench/load.json` are written anew; what was not measured keeps its
 * figures. Machines differ and are shared, so a target that is missed is told, and nothing fails.
 *
 * @module
 */
import process from "node:process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { runCommand } from "../../tests/support/run_command.ts";
import { L_PPS, L_SHARD } from "./datagram_tests.ts";
import { LoadBench, type LoadSize } from "./load_bench.ts";
import type { LoadTest } from "./test_contract.ts";
import { describeLoad, describeMachine, describeRuntime } from "./machine.ts";
import { findRuntime, isRuntimeWord, type LoadRuntime, RUNTIMES } from "./runtimes.ts";
import { L_SESS, L_SESS_MAX } from "./session_tests.ts";
import { L_CHURN, L_STREAM } from "./stream_tests.ts";
import { type AllMeasured, formatTables, keyOf, type Measured, missedTargets } from "./table.ts";

const TESTS: readonly LoadTest[] = [L_SESS, L_SESS_MAX, L_STREAM, L_CHURN, L_PPS, L_SHARD];

const TABLE = fileURLToPath(new URL("../load.md", import.meta.url));
const FIGURES = fileURLToPath(new URL("../load.json", import.meta.url));

const HELP = `deno task bench:load [${RUNTIMES.join("|")} ...] [TEST ...] [options]

  tests: ${TESTS.map(({ id }) => id).join(", ")}, or parts of their names
  --scale 1         a factor on all numbers of sessions, streams and datagrams
  --churns 1000000  streams of L-CHURN, before the factor
  --seconds 600     of L-PPS
  --dry             writes no table`;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      scale: { type: "string", default: "1" },
      churns: { type: "string", default: "1000000" },
      seconds: { type: "string", default: "600" },
      dry: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const size = {
    scale: Number(values.scale),
    churns: Number(values.churns),
    seconds: Number(values.seconds),
  };
  const words = positionals.filter((word) => !isRuntimeWord(word)).map((word) =>
    word.toUpperCase()
  );
  // A whole name is meant as such: L-SESS is not L-SESS-MAX.
  const isWanted = ({ id }: LoadTest) =>
    words.length === 0 || words.some((word) => id === word || !isName(word) && id.includes(word));
  const tests = TESTS.filter(isWanted);
  if (values.help || tests.length === 0 || !Object.values(size).every((value) => value > 0)) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const chosen = positionals.filter(isRuntimeWord);
  const measured: Record<string, Measured> = { ...readFigures() };
  for (const word of chosen.length > 0 ? chosen : RUNTIMES) {
    const runtime = await findRuntime(word);
    if (typeof runtime === "string") console.log(`skipped: ${word}: ${runtime}`);
    else {
      for (const test of tests) {
        const result = await measure(test, runtime, size);
        if (result !== undefined) measured[keyOf(test.id, word)] = result;
        if (!values.dry) await write(measured);
      }
    }
  }
  for (const line of missedTargets(tests, measured)) console.log(`missed: ${line}`);
  return 0;
}

/** Does one test; `undefined` when it broke. */
async function measure(
  test: LoadTest,
  runtime: LoadRuntime,
  size: LoadSize,
): Promise<Measured | undefined> {
  const load = describeLoad();
  console.log(`${test.id} on ${runtime.word}: ${test.text}`);
  const bench = new LoadBench(runtime, size, (line) => console.log(`  ${line}`));
  try {
    const figures = await test.run(bench);
    for (const { name, label, digits = 0 } of test.figures) {
      console.log(`  ${label}: ${figures[name]?.toFixed(digits)}`);
    }
    return {
      runtime: await describeRuntime(runtime),
      machine: describeMachine(),
      load,
      figures,
    };
  } catch (error) {
    console.log(`  no figures: ${error instanceof Error ? error.message : error}`);
    return undefined;
  } finally {
    for (const name of await bench.close()) console.log(`  ${name} did not end by itself`);
  }
}

function isName(word: string): boolean {
  return TESTS.some(({ id }) => id === word);
}

function readFigures(): AllMeasured {
  try {
    return JSON.parse(readFileSync(FIGURES, "utf8"));
  } catch {
    // There are none yet.
    return {};
  }
}

async function write(measured: AllMeasured): Promise<void> {
  const lines = Object.keys(measured).sort().map((key) =>
    `  ${JSON.stringify(key)}: ${JSON.stringify(measured[key])}`
  );
  writeFileSync(FIGURES, `{\n${lines.join(",\n")}\n}\n`);
  writeFileSync(TABLE, formatTables(TESTS, measured));
  await runCommand(Deno.execPath(), ["fmt", "--quiet", TABLE], { timeout: 30_000 });
}
