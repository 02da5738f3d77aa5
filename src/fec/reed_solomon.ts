/**
 * The erasure code of a run: from k bodies make p parity shards, so that any k of the k + p suffice.
 *
 * Each body makes a data shard as long as the run's pad size: 2 + the longest body. Byte for byte,
 * the k data shards are the values of a polynomial of degree below k at the points 0, 1, ... k-1 of
 * the field; the parity shards are its values at k, k+1, ... k+p-1, by Lagrange's formula:
 *
 *     value(x) = sum over s of value(s) * product over t != s of (x - t) / (s - t)
 *
 * with s and t going through 0 to k-1. So a parity shard is a sum of multiples of the data shards,
 * with factors that depend on k and its own number alone, and making it inverts no matrix. The wire
 * describes the same code by a Vandermonde matrix times the inverse of its top square: that inverse
 * makes coefficients of the first k values, the matrix makes values of them.
 *
 * Source: the sosistab wire, version 3, section 4.1; I. S. Reed and G. Solomon, "Polynomial Codes
 * over Certain Finite Fields", 1960.
 *
 * @module
 */
import { divide, multiply } from "./galois.ts";
import { LENGTH_PREFIX, Shard } from "./shard.ts";

// Protocol constants: changing one breaks interoperation.

/** Points of the field, so the most shards that a run can have, data and parity together. */
const POINTS = 256;

// Tuning.

/**
 * Rows kept, of at most 255 bytes. Runs of up to 16 bodies with twice as many parity shards have
 * 272 between them.
 */
const MAX_PARITY_ROWS = 512;

/**
 * Makes a parity shard.
 *
 * @param bodies All bodies of the run, in order: 1 to 255.
 * @param index Number of the shard among the parity shards, from 0; with the number of bodies at
 * most 255.
 * @param into Where the shard goes: as long as the run's pad size.
 */
export function encodeParity(
  bodies: readonly Uint8Array[],
  index: number,
  into: Uint8Array,
): void {
  const row = parityRow(bodies.length, index);
  const room = into.length - LENGTH_PREFIX;
  sum.reset(into.length);
  bodies.forEach((body, i) => {
    if (body.length > room) {
      throw new RangeError(`no room for ${body.length} bytes in a shard of ${into.length}`);
    }
    sum.addBody(body, row[i]!);
  });
  into.set(sum.bytes);
}

const sum = new Shard(0);

/**
 * For each point, the product of its distances to the others: the part of Lagrange's denominators
 * that is the same for all values.
 */
function interpolationWeights(points: readonly number[]): Uint8Array {
  return Uint8Array.from(points, (s) => {
    let product = 1;
    for (const t of points) if (t !== s) product = multiply(product, s ^ t);
    return product;
  });
}

/** What each of the known values contributes to the value at `x`, which is no known point. */
function interpolationRow(
  points: readonly number[],
  weights: Uint8Array,
  x: number,
): Uint8Array {
  let product = 1;
  for (const t of points) product = multiply(product, x ^ t);
  return Uint8Array.from(points, (s, i) => divide(product, multiply(weights[i]!, x ^ s)));
}

/** Rows that were made, by data count and index: what a sender asks for again with each run. */
const parityRows = new Map<number, Uint8Array>();

/**
 * The factors of a parity shard: it is the sum of the data shards, each times its own. None of them
 * is 0.
 *
 * @param dataCount Bodies of the run: 1 to 255.
 * @param index Number of the shard, as in {@linkcode encodeParity}.
 * @returns As many factors as there are bodies. Not to be changed.
 */
export function parityRow(dataCount: number, index: number): Uint8Array {
  const point = dataCount + index;
  if (!(dataCount >= 1 && index >= 0 && point < POINTS)) {
    throw new RangeError(`no parity shard ${index} of ${dataCount} bodies`);
  }
  const key = dataCount * POINTS + point;
  const known = parityRows.get(key);
  if (known !== undefined) return known;
  const points = Array.from({ length: dataCount }, (_, i) => i);
  const row = interpolationRow(points, interpolationWeights(points), point);
  // Which rows are thrown away matters little: a sender soon has those that it needs.
  if (parityRows.size >= MAX_PARITY_ROWS) parityRows.clear();
  parityRows.set(key, row);
  return row;
}
