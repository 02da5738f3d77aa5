/**
 * Writes the table of load.
 *
 * @module
 */
import type { Figures } from "./load_bench.ts";
import { type Figure, isMet, type LoadTest } from "./test_contract.ts";
import { RUNTIMES, type RuntimeWord } from "./runtimes.ts";

/** What one test gave on one runtime. */
export interface Measured {
  /** Runtime and version. */
  readonly runtime: string;
  /** The machine. */
  readonly machine: string;
  /** How busy it was with other things when the test began. */
  readonly load: string;
  /** By their names. */
  readonly figures: Figures;
}

/** All that was measured, by test and runtime (see {@linkcode keyOf}). */
export type AllMeasured = Readonly<Record<string, Measured>>;

const PREFACE = `# Load, measured

Made by \`deno task bench:load\`: the server in a process of its own, the clients in others, all on one
machine over loopback. Times are real ones, so they say as much about the machine as about the
program: what it was and how busy with other things (its load average) stands below each table. Memory
is what is left when all garbage has been collected. Figures that miss their target are bold. Where the
first rows of a table say less than the words above it, the test was run on a smaller scale.
`;

/** Under what a test's figures on a runtime stand. */
export function keyOf(id: string, runtime: RuntimeWord): string {
  return `${id} ${runtime}`;
}

/** The tables as Markdown. */
export function formatTables(tests: readonly LoadTest[], measured: AllMeasured): string {
  return [PREFACE, ...tests.map((test) => formatTest(test, measured))].join("\n");
}

/** A line for each target that is missed. */
export function missedTargets(tests: readonly LoadTest[], measured: AllMeasured): string[] {
  return tests.flatMap(({ id, figures }) =>
    RUNTIMES.flatMap((runtime) => {
      const known = measured[keyOf(id, runtime)]?.figures ?? {};
      return figures.filter((figure) => isMet(figure, known) === false).map((figure) =>
        `${id} on ${runtime}: ${figure.label}: ${formatValue(figure, known)}, should be ${
          formatTarget(figure)
        }`
      );
    })
  );
}

function formatTest({ id, text, figures }: LoadTest, measured: AllMeasured): string {
  const known = RUNTIMES.map((runtime) => measured[keyOf(id, runtime)]);
  const rows = figures.map((figure) => [
    figure.label,
    formatTarget(figure),
    ...known.map((one) => one === undefined ? "-" : formatCell(figure, one.figures)),
  ]);
  const header = ["", "target", ...RUNTIMES];
  const rule = header.map((_, i) => i === 0 ? "---" : "---:");
  const table = [header, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const notes = known.filter((one) => one !== undefined)
    .map(({ runtime, machine, load }) => `${runtime}: ${machine}, load ${load}`).join("; ");
  return `## ${id}\n\n${text}.\n\n${table}\n\n${notes}\n`;
}

function formatCell(figure: Figure, figures: Figures): string {
  const text = formatValue(figure, figures);
  return isMet(figure, figures) === false ? `**${text}**` : text;
}

function formatValue({ name, digits = 0 }: Figure, figures: Figures): string {
  const value = figures[name];
  return value === undefined ? "-" : value.toFixed(digits);
}

function formatTarget({ most, least, equals }: Figure): string {
  if (most !== undefined) return most === 0 ? "0" : `<= ${most}`;
  if (least !== undefined) return `>= ${least}`;
  return equals === undefined ? "" : "all";
}
