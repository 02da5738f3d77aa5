/**
 * `deno run -A bench/repair/run.ts`: runs all cells and writes the tables.
 *
 * With words as arguments only the cells are run whose ids contain one of them, and the others keep
 * the figures that they had. Ends with 1 when a limit is not kept.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Figures, missedLimits } from "./cell.ts";
import { allCells, SECTIONS } from "./sections.ts";
import { formatTables } from "./table.ts";

const TABLES = fileURLToPath(new URL("../repair.md", import.meta.url));
const FIGURES = fileURLToPath(new URL("../repair.json", import.meta.url));

const words = Deno.args;
const cells = allCells();
const known: Record<string, Figures> = words.length === 0 ? {} : await readFigures();
const measured: Record<string, Figures> = {};
for (const [id, { run }] of cells) {
  const isWanted = words.length === 0 || words.some((word) => id.includes(word));
  const figures = isWanted ? await run() : known[id];
  if (figures !== undefined) measured[id] = figures;
  if (isWanted) console.log(`${id}: ${JSON.stringify(figures)}`);
}
const lines = Object.entries(measured).map(([id, figures]) =>
  `  ${JSON.stringify(id)}: ${JSON.stringify(figures)}`
);
await Deno.writeTextFile(FIGURES, `{\n${lines.join(",\n")}\n}\n`);
await Deno.writeTextFile(TABLES, formatTables(SECTIONS, measured));
await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", TABLES] }).output();
const missed = [...cells.values()].flatMap((cell) => {
  const figures = measured[cell.id];
  return figures === undefined ? [] : missedLimits(cell, figures);
});
for (const line of missed) console.log(`limit not kept: ${line}`);
if (missed.length > 0) Deno.exit(1);

async function readFigures(): Promise<Record<string, Figures>> {
  try {
    return JSON.parse(await Deno.readTextFile(FIGURES));
  } catch {
    return {};
  }
}
