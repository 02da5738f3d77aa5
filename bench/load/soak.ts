/**
 * `deno task soak [MINUTES] [RUNTIME] [SEED]`: a modest load and random faults for an hour.
 *
 * Every byte of every stream is checked, every wait is timed, memory is watched, and in the end
 * nothing may be left. The exit code is 1 when anything was wrong.
 *
 * @module
 */
import process from "node:process";
import { findRuntime, isRuntimeWord, RUNTIMES } from "./runtimes.ts";
import { memoryCourse } from "./soak_judge.ts";
import { runSoak, type SoakResult } from "./soak_run.ts";

const USAGE = `usage: deno task soak [MINUTES] [${RUNTIMES.join("|")}] [SEED]`;

/** Minutes unless told. */
const USUAL_LENGTH = 60;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const minutes = Number(args[0] ?? USUAL_LENGTH);
  const word = args[1] ?? "deno";
  const seed = Number(args[2] ?? Math.floor(Math.random() * 2 ** 31));
  if (!(minutes > 0) || !isRuntimeWord(word) || !Number.isInteger(seed) || args.length > 3) {
    console.error(USAGE);
    return 2;
  }
  const runtime = await findRuntime(word);
  if (typeof runtime === "string") {
    console.error(`no ${word}: ${runtime}`);
    return 1;
  }
  console.log(`a soak of ${minutes} minutes on ${word}, seed ${seed}`);
  const onLine = (line: string) => console.log(line);
  const result = await runSoak({ runtime, length: minutes * 60_000, seed, onLine });
  return conclude(result);
}

/** Says how it went. */
function conclude(result: SoakResult): number {
  const { violations, broken, client, server, load, pathLoad, faults, stalls } = result;
  const wrong = [...violations];
  for (const [who, reports] of [["client", client], ["server", server]] as const) {
    for (const what of ["heap", "rss"] as const) {
      const course = memoryCourse(reports, (report) => report[what]);
      if (course === undefined) console.log(`${who}, ${what}: too short to tell whether it grows`);
      else {
        const { before, after, isFlat } = course;
        const text = `${who}, ${what}: ${mega(before)} MB at ten minutes, ${
          mega(after)
        } MB at the end`;
        console.log(text);
        if (!isFlat) wrong.push(`memory grows: ${text}`);
      }
    }
  }
  const counts = [...faults].map(([name, count]) => `${count} x ${name}`).join(", ");
  console.log(`faults: ${counts}`);
  console.log(`broken: ${broken}`);
  console.log(`processor: ends ${share(load)}, paths ${share(pathLoad)} of a core`);
  if (stalls.count > 0) {
    const longest = (stalls.longest / 1000).toFixed(0);
    console.log(`the machine stood still ${stalls.count} times, for up to ${longest} s`);
  }
  for (const line of wrong) console.log(`WRONG: ${line}`);
  console.log(wrong.length === 0 ? "nothing was wrong" : `${wrong.length} things were wrong`);
  return wrong.length === 0 ? 0 : 1;
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function share(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
