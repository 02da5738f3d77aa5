/**
 * The committed table of congestion control is what this tree gives.
 *
 * `bench/congestion.json` holds the figures of every run; a fixed sample of them is run again here,
 * and any figure that differs at all fails. Runs are deterministic on every runtime, but to make them
 * on one is enough. When a change of the figures is meant, `deno task tables` remakes them.
 */
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import assert from "node:assert/strict";
import { allCells, SECTIONS } from "../bench/congestion/sections.ts";
import { formatTable, type Measured, missedLimits } from "../bench/congestion/table.ts";

const SAMPLE = [
  "bulk, lift, 100 Mbit/s, 50 ms, queue 400, 0 %, seed 1",
  "bulk, lift, 100 Mbit/s, 50 ms, queue 400, 10 %, seed 2",
  "bulk, lift, 20 Mbit/s, 200 ms, queue 330, 20 %, seed 3",
  "bulk, lift, 20 Mbit/s, 200 ms, queue 330, 5 % in bursts of 5, seed 4",
  "bulk, lift, 2 Mbit/s, 50 ms, queue 20, 5 %, seed 5",
  "queue, one flow, 5 % loss, seed 6",
  "halved, 100 to 50 Mbit/s, seed 7",
  "doubled, the same, 5 % loss, seed 8",
  "onset, 0 to 20 %, seed 9",
  "sharing, round trips of 20 and 80 ms, seed 10",
  "sharing, CUBIC first, queue 875, seed 1",
  "start, 0.1, seed 1",
  "requests, 10 % loss, seed 2",
  "beside, unreliable, 2 Mbit/s, 50 ms, queue 20, seed 3",
  "beside, small on a stream, 5 % loss, seed 3",
  "32 streams, 0, seed 1",
  "grid, lift, 2 Mbit/s, 10 ms, queue 20, 20 %, seed 1",
  "grid, cubic, 20 Mbit/s, 50 ms, queue 88, 0 %, seed 1",
  "grid, bic, 20 Mbit/s, 50 ms, queue 88, 1 %, seed 1",
  "grid, highspeed, 20 Mbit/s, 10 ms, queue 20, 0 %, seed 1",
  "grid, fixed, 2 Mbit/s, 200 ms, queue 35, 10 %, seed 1",
] as const;

const isDeno = "Deno" in globalThis;

async function read(name: string): Promise<string> {
  return await readFile(new URL(`../bench/${name}`, import.meta.url), "utf8");
}

async function readFigures(): Promise<Measured> {
  return JSON.parse(await read("congestion.json"));
}

for (const id of SAMPLE) {
  const skip = isDeno ? false : "the table is made and checked on Deno";
  test(`bench/congestion.json has what this run gives: ${id}`, { skip }, async () => {
    const cell = allCells().get(id);
    assert.ok(cell !== undefined, `there is no run called ${id}`);
    assert.deepEqual(await cell.run(), (await readFigures())[id]);
  });
}

test("bench/congestion.json has the figures of every run, and of no other", async () => {
  assert.deepEqual(Object.keys(await readFigures()), [...allCells().keys()]);
});

test("bench/congestion.md shows the figures of bench/congestion.json", async () => {
  const table = formatTable(SECTIONS, await readFigures());
  assert.equal(bare(await read("congestion.md")), bare(table));
});

test("bench/congestion.json keeps every limit", async () => {
  assert.deepEqual(missedLimits(SECTIONS, await readFigures()), []);
});

/** Without what a formatter changes. */
function bare(markdown: string): string {
  return markdown.replaceAll(/[\s|:-]+/g, " ").trim();
}
