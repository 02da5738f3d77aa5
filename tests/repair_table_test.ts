/**
 * Some cells of the tables of repair, run again: each must have the very figures that are committed.
 *
 * On Deno alone: the tables were made there, and the runs are the same on every runtime anyway.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { missedLimits } from "../bench/repair/cell.ts";
import { allCells, SAMPLE } from "../bench/repair/sections.ts";

const FIGURES = new URL("../bench/repair.json", import.meta.url);
const isDeno = "Deno" in globalThis;

test("bench/repair.json has what a run of the sample gives, to the last digit", {
  skip: isDeno ? false : "the table is made and checked on Deno",
}, async () => {
  const known = JSON.parse(await readFile(FIGURES, "utf8"));
  const cells = allCells();
  for (const id of SAMPLE) {
    const cell = cells.get(id);
    assert.ok(cell !== undefined, `${id} is no cell`);
    assert.deepEqual(await cell.run(), known[id], id);
  }
});

test("bench/repair.json keeps all limits, and has all cells", async () => {
  const known = JSON.parse(await readFile(FIGURES, "utf8"));
  const cells = allCells();
  assert.deepEqual(Object.keys(known), [...cells.keys()]);
  const missed = [...cells.values()].flatMap((cell) => missedLimits(cell, known[cell.id]));
  assert.deepEqual(missed, []);
});
