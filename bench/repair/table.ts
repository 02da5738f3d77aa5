/**
 * Writes the tables of repair.
 *
 * @module
 */
import { type Cell, type Figures, missedLimits, type Section } from "./cell.ts";

/** What was measured, by the ids of the cells. */
export type Measured = Readonly<Record<string, Figures>>;

const PREFACE = `# Repair, measured

Made by \`deno task tables\`: datagrams through the whole stack in the simulator, with the null cipher
and timers as coarse as real ones. What is lost is lost both ways, and the other side sends a small
datagram every 20 ms, which brings the reports. Every cell is one run that the seed decides to the
last digit; \`repair.json\` has the figures of each, and a test runs some of them again.
At most half a percent should stay lost; figures that break a limit are bold.
`;

/** The tables as Markdown. */
export function formatTables(sections: readonly Section[], measured: Measured): string {
  return [PREFACE, ...sections.map((section) => formatSection(section, measured))].join("\n");
}

function formatSection({ title, text, header, rows }: Section, measured: Measured): string {
  const lines = rows.map(({ label, cells, figures }) => [
    label,
    ...cells.map((cell) => formatCell(cell, figures, measured[cell.id] ?? {})),
  ]);
  const rule = header.map((_, i) => i === 0 ? "---" : "---:");
  const table = [header, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `## ${title}\n\n${text}\n\n${table}\n`;
}

function formatCell(cell: Cell, names: readonly string[], figures: Figures): string {
  const text = names.map((name) => formatFigure(name, figures[name] ?? NaN)).join(" / ");
  return missedLimits(cell, figures).length === 0 ? text : `**${text}**`;
}

function formatFigure(name: string, value: number): string {
  if (value === 0) return "0";
  if (/^(?:residual|efficiency)/.test(name)) return value.toFixed(2);
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}
