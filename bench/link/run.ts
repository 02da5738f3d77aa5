/**
 * `deno task bench:link`: a bulk transfer through a bad link, ours beside all others that are there.
 *
 * The link is one of the kernel where that can be had (root and a C compiler on Linux), else a relay
 * in this process. Machines are shared and noisy, and a slow one is the bottleneck itself: so a floor
 * that is missed is told, and nothing fails.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findContestants } from "./contestants.ts";
import type { LinkKind } from "./link.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { RELAY } from "./relay_link.ts";
import { formatFloors, formatTable, median, type Row } from "./table.ts";
import { type Contestant, type Outcome, transfer } from "./transfer.ts";
import { findTun } from "./tun_link.ts";

/** How much longer than its transfer a link may live, seconds: the slowest start, and the end. */
const LINK_MARGIN = 60;

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  process.on(signal, () => process.exit(code));
}
process.exit(await main());

async function main(): Promise<number> {
  if (process.argv.includes("--help")) return say(HELP);
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "sosistab-link-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const kind = await chooseLink(options, folder);
  if (kind === undefined) return 1;
  const wanted = { ...options, folder, kind, skip: say };
  const contestants = (await findContestants(wanted))
    .filter(({ name }) => name.includes(options.only));
  sayWhere(options, kind);
  const rows: Row[] = contestants.map(({ name, floors }) => ({ name, floors, cells: [] }));
  // Loss by loss, so that those who are compared are measured in the same minutes.
  for (const [column, loss] of options.losses.entries()) {
    for (const [at, contestant] of contestants.entries()) {
      rows[at]!.cells[column] = await measureCell(options, kind, contestant, loss);
    }
  }
  say(`\nMbit/s of stream data after the first 30 % of ${options.seconds} s`);
  say(formatTable(options, rows, ({ goodput }) => goodput));
  say("\nThe same from the first byte on");
  say(formatTable(options, rows, ({ fromStart }) => fromStart));
  say(`\n${formatFloors(options, rows)}`);
  return 0;
}

async function chooseLink({ link }: Options, folder: string): Promise<LinkKind | undefined> {
  if (link === "relay") return RELAY;
  const tun = await findTun(folder);
  if (typeof tun !== "string") return tun;
  say(`no TUN link: ${tun}`);
  return link === "tun" ? undefined : RELAY;
}

function sayWhere({ rate, delay, queue, burst, rounds }: Options, { name }: LinkKind): void {
  const load = loadavg().map((value) => value.toFixed(1)).join(" ");
  const losses = burst > 0 ? `losses in bursts of ${burst}` : "each loss alone";
  const of = rounds > 1 ? `, medians of ${rounds}` : "";
  say(`machine: ${availableParallelism()} x ${cpus()[0]?.model}, ${process.platform} ${release()}`);
  say(`load: ${load}`);
  say(
    `link: ${name}; ${rate} Mbit/s, ${delay * 2} ms round trip, queue ${queue}, ${losses}${of}\n`,
  );
}

/** @returns The outcomes that there were. */
async function measureCell(
  { rate, delay, queue, burst, seconds, rounds, json }: Options,
  kind: LinkKind,
  contestant: Contestant,
  loss: number,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let seed = 1; seed <= rounds; seed++) {
    const conditions = { rate, delay, queue, burst, loss, seed };
    try {
      const open = () => kind.open(conditions, seconds + LINK_MARGIN);
      const outcome = await transfer(open, contestant, seconds);
      outcomes.push(outcome);
      if (json) say(JSON.stringify({ name: contestant.name, ...conditions, ...outcome }));
    } catch (error) {
      say(`  no figure: ${error instanceof Error ? error.message : error}`);
    }
  }
  say(`  ${percent(loss).padStart(5)}  ${contestant.name.padEnd(34)} ${describe(outcomes)}`);
  return outcomes;
}

function describe(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return "nothing";
  const text = (pick: (outcome: Outcome) => number | undefined, format: (n: number) => string) => {
    const value = median(outcomes.map(pick).filter((value) => value !== undefined));
    return value === undefined ? "" : format(value);
  };
  return [
    text(({ goodput }) => goodput, (value) => `${value.toFixed(1).padStart(6)} Mbit/s`),
    text(({ link: { seen } }) => seen, (value) => `${value} packets`),
    text(
      ({ link: { seen, dropped } }) => dropped / seen,
      (value) => `${percent(value)} dropped by the queue`,
    ),
    text(
      ({ link: { overrun } }) => overrun || undefined,
      (value) => `${value} by the full socket`,
    ),
    text(({ senderCpu }) => senderCpu, (value) => `sender ${percent(value)} of a core`),
    text(({ receiverCpu }) => receiverCpu, (value) => `receiver ${percent(value)}`),
    `load ${loadavg()[0]?.toFixed(1)}`,
  ].filter((part) => part !== "").join(", ");
}

function percent(part: number): string {
  const value = part * 100;
  return `${Number.isInteger(value) ? value : value.toFixed(value < 10 ? 1 : 0)} %`;
}

function say(text: string): 0 {
  console.log(text);
  return 0;
}
