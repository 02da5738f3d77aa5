import { divide, multiply } from "../../src/fec/galois.ts";

/**
 * Which unknowns a system of linear equations over the field of 256 elements determines, by the
 * schoolbook: the whole matrix, from scratch.
 *
 * @param rows The factors of each equation, all as many as there are unknowns.
 * @returns The columns of those unknowns, in order.
 */
export function determinedUnknowns(rows: readonly (readonly number[])[]): number[] {
  const matrix = rows.map((row) => [...row]);
  const columns = matrix[0]?.length ?? 0;
  let rank = 0;
  for (let column = 0; column < columns; column++) {
    const found = matrix.findIndex((row, i) => i >= rank && row[column] !== 0);
    if (found < 0) continue;
    [matrix[rank], matrix[found]] = [matrix[found]!, matrix[rank]!];
    const pivot = matrix[rank]!;
    const lead = pivot[column]!;
    for (let c = 0; c < columns; c++) pivot[c] = divide(pivot[c]!, lead);
    for (const row of matrix) {
      const factor = row[column]!;
      if (row === pivot || factor === 0) continue;
      for (let c = 0; c < columns; c++) row[c]! ^= multiply(factor, pivot[c]!);
    }
    rank++;
  }
  const isUnit = (row: number[]) => row.filter((factor) => factor !== 0).length === 1;
  return matrix.filter(isUnit).map((row) => row.findIndex((factor) => factor !== 0))
    .sort((a, b) => a - b);
}
