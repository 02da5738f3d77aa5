/**
 * `deno task tables`: runs all cells on all processors and writes the table.
 *
 * With words as arguments only the cells are run whose ids contain one of them, and the others keep
 * the figures that they had; with `--resume` those that have none. What was measured is written down
 * at once, so that nothing is lost when it is broken off. Ends with 1 when a limit is not kept.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Figures } from "./cell.ts";
import { allCells, SECTIONS } from "./sections.ts";
import { formatTable, type Measured, missedLimits } from "./table.ts";

const TABLE = fileURLToPath(new URL("../congestion.md", import.meta.url));
const FIGURES = fileURLToPath(new URL("../congestion.json", import.meta.url));

/** Runs after which something is printed. */
const PRINT_EVERY = 20;

const words = Deno.args.filter((word) => !word.startsWith("--"));
const isResuming = Deno.args.includes("--resume");
const ids = [...allCells().keys()];
const known: Measured = words.length > 0 || isResuming ? await readFigures() : {};
const measured = new Map<string, Figures>();
for (const id of ids) if (known[id] !== undefined) measured.set(id, known[id]);
await measure(ids.filter(isWanted));
await writeFigures();
const figures: Measured = Object.fromEntries(measured);
await Deno.writeTextFile(TABLE, formatTable(SECTIONS, figures));
await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", TABLE] }).output();
const missed = missedLimits(SECTIONS, figures);
for (const line of missed) console.log(`limit not kept: ${line}`);
if (missed.length > 0) Deno.exit(1);

function isWanted(id: string): boolean {
  if (words.length > 0) return words.some((word) => id.includes(word));
  return !isResuming || !measured.has(id);
}

async function measure(wanted: readonly string[]): Promise<void> {
  const left = [...wanted];
  const work = async () => {
    const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const answer = new Promise<Figures>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data.figures);
        worker.onerror = (event) => reject(new Error(`${id}: ${event.message}`));
      });
      worker.postMessage(id);
      measured.set(id, await answer);
      await writeFigures();
      if (left.length % PRINT_EVERY === 0) console.log(`${left.length} runs left`);
    }
    worker.terminate();
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, work));
}

async function readFigures(): Promise<Measured> {
  try {
    return JSON.parse(await Deno.readTextFile(FIGURES));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

async function writeFigures(): Promise<void> {
  const lines = ids.filter((id) => measured.has(id)).map((id) =>
    `  ${JSON.stringify(id)}: ${JSON.stringify(measured.get(id))}`
  );
  await Deno.writeTextFile(FIGURES, `{\n${lines.join(",\n")}\n}\n`);
}
