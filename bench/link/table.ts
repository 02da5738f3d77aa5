/**
 * What was measured, as tables.
 *
 * @module
 */
import type { Options } from "./options.ts";
import type { Contestant, Outcome } from "./transfer.ts";

/** All that was measured of one. */
export interface Row {
  readonly name: string;
  readonly floors: Contestant["floors"];
  /** For each loss the outcomes that there were. */
  readonly cells: (readonly Outcome[])[];
}

/** The link that the floors are made for. */
const LINK_OF_FLOORS = { rate: 100, delay: 25, queue: 400, burst: 0 };

/** Mbit/s by loss. The original does not repeat its acknowledgements, so it is slower as a receiver. */
const FLOORS: Readonly<Record<NonNullable<Row["floors"]>, ReadonlyMap<number, number>>> = {
  own: new Map([[0, 90], [0.01, 89], [0.05, 84], [0.1, 79]]),
  original: new Map([[0, 88], [0.01, 85], [0.05, 75], [0.1, 65]]),
};

/** Writes the rows, and what the link lets through at all. */
export function formatTable(
  { losses, rate }: Options,
  rows: readonly Row[],
  pick: (outcome: Outcome) => number,
): string {
  const lines = rows.map(({ name, cells }) => [
    name,
    ...losses.map((_, column) => median((cells[column] ?? []).map(pick))?.toFixed(1) ?? "-"),
  ]);
  return formatMarkdown([
    ["loss", ...losses.map((loss) => `${Number((loss * 100).toFixed(3))} %`)],
    ["link x (1 - loss)", ...losses.map((loss) => (rate * (1 - loss)).toFixed(1))],
    ...lines,
  ]);
}

/** Says which floors were met; empty for a link that they are not made for. */
export function formatFloors(options: Options, rows: readonly Row[]): string {
  const { losses, rate, delay, queue, burst } = options;
  const link = { rate, delay, queue, burst };
  if (JSON.stringify(link) !== JSON.stringify(LINK_OF_FLOORS)) {
    return "Floors are known for 100 Mbit/s, 50 ms, queue 400 and single losses alone.";
  }
  const lines = rows.flatMap(({ name, floors, cells }) =>
    floors === undefined ? [] : [[
      name,
      ...losses.map((loss, column) => {
        const floor = FLOORS[floors].get(loss);
        const goodput = median((cells[column] ?? []).map(({ goodput }) => goodput));
        if (floor === undefined || goodput === undefined) return "-";
        return `${goodput >= floor ? "met" : "MISSED"} (${floor})`;
      }),
    ]]
  );
  if (lines.length === 0) return "";
  return `Floors\n${
    formatMarkdown([["loss", ...losses.map((loss) => `${loss * 100} %`)], ...lines])
  }`;
}

/** The middle one; `undefined` of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  return sorted.length % 2 === 1 || upper === undefined ? upper : (upper + sorted[middle - 1]!) / 2;
}

/** The first row is the head; all columns but the first are numbers. */
function formatMarkdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(4, ...rows.map((row) => (row[column] ?? "").length))
  );
  const lines = rows.map((row) =>
    `| ${
      row.map((cell, i) => i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!)).join(
        " | ",
      )
    } |`
  );
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [lines[0], `| ${rule.join(" | ")} |`, ...lines.slice(1)].join("\n");
}
