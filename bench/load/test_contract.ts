/**
 * What a load test is.
 *
 * @module
 */
import type { Figures, LoadBench } from "./load_bench.ts";

/** One figure of a test, and what it should be. */
export interface Figure {
  /** Its name among the {@linkcode Figures}. */
  readonly name: string;
  /** What it is, for people, with its unit. */
  readonly label: string;
  /** Digits behind the point. */
  readonly digits?: number;
  /** It should be no more than this. */
  readonly most?: number;
  /** It should be no less than this. */
  readonly least?: number;
  /** It should be as much as this other figure. */
  readonly equals?: string;
}

/** A test. */
export interface LoadTest {
  /** As it is called everywhere. */
  readonly id: string;
  /** What happens in it. */
  readonly text: string;
  /** What it gives, in the order of the table. */
  readonly figures: readonly Figure[];
  /** Does it once. */
  run(bench: LoadBench): Promise<Figures>;
}

/** Whether a figure is what it should be; `undefined` where nothing is asked of it. */
export function isMet(figure: Figure, figures: Figures): boolean | undefined {
  const value = figures[figure.name];
  if (value === undefined) return undefined;
  const { most, least, equals } = figure;
  if (most !== undefined) return value <= most;
  if (least !== undefined) return value >= least;
  if (equals !== undefined) return value === figures[equals];
  return undefined;
}
