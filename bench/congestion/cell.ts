/**
 * What the table is made of: cells, which are runs with a seed, and entries that show them.
 *
 * @module
 */

/** What a run has measured, by name, rounded to three decimals. */
export type Figures = Readonly<Record<string, number>>;

/** One deterministic run. */
export interface Cell {
  /** Unlike all others: what is run, and the seed. */
  readonly id: string;
  /** Runs it. */
  readonly run: () => Promise<Figures>;
}

/** One entry of the table: cells that differ by their seed, and a figure of them. */
export interface Entry {
  readonly cells: readonly Cell[];
  readonly figure: string;
  /** Which of the seeds counts as the worst. */
  readonly worst: "lowest" | "highest";
  /** The worst must not be below. */
  readonly least?: number;
  /** The worst must not be above. */
  readonly most?: number;
}

/** A row of the table. */
export interface Row {
  readonly label: readonly string[];
  readonly entries: readonly Entry[];
}

/** A part of the table. */
export interface Section {
  readonly title: string;
  /** What was done and what the figures mean. */
  readonly text: string;
  /** Headings of the labels and of the entries. */
  readonly header: readonly string[];
  readonly rows: readonly Row[];
}

/** Makes cells that differ by their seed. */
export function seeded(
  name: string,
  seeds: number,
  run: (seed: number) => Promise<Record<string, number>>,
): Cell[] {
  return Array.from({ length: seeds }, (_, i) => {
    const seed = i + 1;
    return { id: `${name}, seed ${seed}`, run: async () => rounded(await run(seed)) };
  });
}

function rounded(figures: Record<string, number>): Figures {
  const entries = Object.entries(figures);
  return Object.fromEntries(entries.map(([name, x]) => [name, Math.round(x * 1000) / 1000]));
}
