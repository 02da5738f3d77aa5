/**
 * `deno task bench:congestion`: runs all cells on all processors and writes the table.
 *
 * With words as arguments only the cells are run whose ids contain one of them, and the others keep
 * the figures that they had. Ends with 1 when a limit is not kept.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Figures } from "./cell.ts";
import { allCells, SECTIONS } from "./sections.ts";
import { formatTable, type Measured, missedLimits } from "./table.ts";

const TABLE = fileURLToPath(new URL("../congestion.md", import.meta.url));
const FIGURES = fileURLToPath(new URL("../congestion.json", import.meta.url));

const words = Deno.args;
const ids = [...allCells().keys()];
const isWanted = (id: string) => words.length === 0 || words.some((word) => id.includes(word));
const fresh = await measure(ids.filter(isWanted));
const known = words.length === 0 ? {} : JSON.parse(await Deno.readTextFile(FIGURES));
const measured: Measured = Object.fromEntries(ids.map((id) => [id, fresh.get(id) ?? known[id]]));
const lines = ids.map((id) => `  ${JSON.stringify(id)}: ${JSON.stringify(measured[id])}`);
await Deno.writeTextFile(FIGURES, `{\n${lines.join(",\n")}\n}\n`);
await Deno.writeTextFile(TABLE, formatTable(SECTIONS, measured));
const missed = missedLimits(SECTIONS, measured);
for (const line of missed) console.log(`limit not kept: ${line}`);
if (missed.length > 0) Deno.exit(1);

async function measure(wanted: readonly string[]): Promise<Map<string, Figures>> {
  const figures = new Map<string, Figures>();
  const left = [...wanted];
  const work = async () => {
    const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const answer = new Promise<Figures>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data.figures);
        worker.onerror = (event) => reject(new Error(`${id}: ${event.message}`));
      });
      worker.postMessage(id);
      figures.set(id, await answer);
      if (left.length % 50 === 0) console.log(`${left.length} runs left`);
    }
    worker.terminate();
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, work));
  return figures;
}
