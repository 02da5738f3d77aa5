import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, seeded } from "../../bench/congestion/cell.ts";
import { formatTable, missedLimits } from "../../bench/congestion/table.ts";

const cells = seeded("run", 3, (seed) => Promise.resolve({ share: 0.9 + seed / 100 }));
const measured = {
  "run, seed 1": { share: 0.91 },
  "run, seed 2": { share: 0.92 },
  "run, seed 3": { share: 0.93 },
};

function sections(entry: Partial<Entry>) {
  const entries: Entry[] = [{ cells, figure: "share", worst: "lowest", ...entry }];
  const rows = [{ label: ["a link"], entries }];
  return [{ title: "Title", text: "Text.", header: ["link", "share"], rows }];
}

const lineOf = (entry: Partial<Entry>) =>
  formatTable(sections(entry), measured).split("\n").find((line) => line.startsWith("| a link"));

test("seeded() makes cells whose figures are rounded to three decimals", async () => {
  const [cell] = seeded("thirds", 1, () => Promise.resolve({ third: 1 / 3 }));
  assert.equal(cell?.id, "thirds, seed 1");
  assert.deepEqual(await cell?.run(), { third: 0.333 });
});

test("formatTable() shows the mean, the worst and the limit", () => {
  assert.equal(lineOf({}), "| a link | 0.920 (0.910) |");
  assert.equal(lineOf({ worst: "highest" }), "| a link | 0.920 (0.930) |");
  assert.equal(lineOf({ least: 0.9 }), "| a link | 0.920 (0.910; ≥ 0.9) |");
  assert.equal(lineOf({ worst: "highest", most: 1 }), "| a link | 0.920 (0.930; ≤ 1) |");
  assert.equal(lineOf({ least: 0.5, most: 1 }), "| a link | 0.920 (0.910 to 0.930; 0.5 to 1) |");
  assert.equal(lineOf({ cells: cells.slice(0, 1) }), "| a link | 0.910 |");
});

test("formatTable() sets in bold what does not keep its limit, and missedLimits() tells of it", () => {
  assert.equal(lineOf({ least: 0.915 }), "| a link | **0.920 (0.910; ≥ 0.915)** |");
  assert.deepEqual(missedLimits(sections({ least: 0.9, most: 0.93 }), measured), []);
  assert.deepEqual(missedLimits(sections({ least: 0.915 }), measured), [
    "Title: a link: share **0.920 (0.910; ≥ 0.915)**",
  ]);
  assert.equal(missedLimits(sections({ most: 0.92 }), measured).length, 1);
});

test("formatTable() fails when a run has no such figure", () => {
  assert.throws(() => formatTable(sections({ figure: "delay" }), measured), /has no delay/);
});
