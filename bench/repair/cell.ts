/**
 * What the table is made of: runs that a seed decides, and the limits that they must keep.
 *
 * @module
 */

/** What a run has measured, by name. */
export type Figures = Readonly<Record<string, number>>;

/** What a figure must not exceed, or fall below. */
export interface Limit {
  readonly figure: string;
  readonly least?: number;
  readonly most?: number;
}

/** One run. */
export interface Cell {
  /** Unlike all others. */
  readonly id: string;
  readonly run: () => Promise<Figures>;
  readonly limits: readonly Limit[];
}

/** A part of the table. */
export interface Section {
  readonly title: string;
  /** What was done and what the figures mean. */
  readonly text: string;
  /** Headings: the row's label first. */
  readonly header: readonly string[];
  readonly rows: readonly Row[];
}

/** A row: cells, each shown by some of its figures. */
export interface Row {
  readonly label: string;
  readonly cells: readonly Cell[];
  readonly figures: readonly string[];
}

/** Rounds figures to what is told. */
export function rounded(figures: Figures): Figures {
  const entries = Object.entries(figures);
  return Object.fromEntries(entries.map(([name, value]) => [name, Math.round(value * 1e4) / 1e4]));
}

/** What is wrong with a cell's figures. */
export function missedLimits({ id, limits }: Cell, figures: Figures): string[] {
  return limits.filter(({ figure, least = -Infinity, most = Infinity }) => {
    const value = figures[figure] ?? NaN;
    return !(value >= least && value <= most);
  }).map(({ figure, least, most }) =>
    `${id}: ${figure} is ${figures[figure]}, not ${
      least === undefined ? `at most ${most}` : `at least ${least}`
    }`
  );
}
