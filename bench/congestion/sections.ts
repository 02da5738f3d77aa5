/**
 * All of the table.
 *
 * @module
 */
import { costs, floors, grid, odd } from "./bulk_sections.ts";
import type { Cell, Section } from "./cell.ts";
import {
  besides,
  changes,
  exchanges,
  manyStreams,
  onsets,
  queues,
  sharing,
  starts,
} from "./other_sections.ts";
import { padding } from "./padding_section.ts";

/** The sections, in order. */
export const SECTIONS: readonly Section[] = [
  floors,
  costs,
  queues,
  changes,
  onsets,
  sharing,
  starts,
  exchanges,
  besides,
  manyStreams,
  padding,
  odd,
  grid,
];

/** All cells by their ids. */
export function allCells(): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const cell of SECTIONS.flatMap(cellsOf)) {
    const other = cells.get(cell.id);
    if (other !== undefined && other !== cell) throw new Error(`two cells are called ${cell.id}`);
    cells.set(cell.id, cell);
  }
  return cells;
}

function cellsOf({ rows }: Section): Cell[] {
  return rows.flatMap(({ entries }) => entries.flatMap(({ cells }) => cells));
}
