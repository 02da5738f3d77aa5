/**
 * Writes the table, and finds the limits that are not kept.
 *
 * @module
 */
import type { Entry, Figures, Section } from "./cell.ts";

/** What was measured, by the ids of the cells. */
export type Measured = Readonly<Record<string, Figures>>;

const PREFACE = `# Congestion control, measured

Made by \`deno task tables\`: the whole stack in the simulator, with the null cipher. Every
cell is one run that the seed decides to the last digit; \`congestion.json\` has the figures of each, and
a test runs some of them again. The link's rate counts payload and 28 bytes of headers a packet.

An entry is the mean of its seeds, and in brackets the worst of them with the limit that it must
keep. Bulk packets are 1,400 bytes and leave no room for padding; acknowledgements and small messages
are padded as always.
`;

/** The table as Markdown. */
export function formatTable(sections: readonly Section[], measured: Measured): string {
  return [PREFACE, ...sections.map((section) => formatSection(section, measured))].join("\n");
}

/** A line for each entry in which a limit is not kept. */
export function missedLimits(sections: readonly Section[], measured: Measured): string[] {
  return sections.flatMap(({ title, rows }) =>
    rows.flatMap(({ label, entries }) =>
      entries.filter((entry) => !isKept(entry, measured)).map((entry) =>
        `${title}: ${label.join(", ")}: ${entry.figure} ${formatEntry(entry, measured)}`
      )
    )
  );
}

function formatSection({ title, text, header, rows }: Section, measured: Measured): string {
  const lines = rows.map(({ label, entries }) => [
    ...label,
    ...entries.map((entry) => formatEntry(entry, measured)),
  ]);
  const rule = header.map((_, i) => i < rows[0]!.label.length ? "---" : "---:");
  const table = [header, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `## ${title}\n\n${text}\n\n${table}\n`;
}

function formatEntry(entry: Entry, measured: Measured): string {
  const values = valuesOf(entry, measured);
  if (values.length === 0) return "–";
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const { worst, least, most } = entry;
  const limit = least !== undefined && most !== undefined
    ? `${least} to ${most}`
    : least !== undefined
    ? `≥ ${least}`
    : most !== undefined
    ? `≤ ${most}`
    : "";
  const extremes = least !== undefined && most !== undefined
    ? `${formatFigure(Math.min(...values))} to ${formatFigure(Math.max(...values))}`
    : formatFigure(worst === "lowest" ? Math.min(...values) : Math.max(...values));
  if (values.length === 1) return formatFigure(mean);
  const text = `${formatFigure(mean)} (${extremes}${limit === "" ? "" : `; ${limit}`})`;
  return isKept(entry, measured) ? text : `**${text}**`;
}

function isKept(entry: Entry, measured: Measured): boolean {
  const { least = -Infinity, most = Infinity } = entry;
  return valuesOf(entry, measured).every((value) => value >= least && value <= most);
}

/** Of the cells that were run. */
function valuesOf({ cells, figure }: Entry, measured: Measured): number[] {
  return cells.flatMap(({ id }) => {
    const figures = measured[id];
    if (figures === undefined) return [];
    const value = figures[figure];
    if (value === undefined) throw new Error(`${id} has no ${figure}`);
    return [value];
  });
}

function formatFigure(value: number): string {
  if (value === 0) return "0";
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
