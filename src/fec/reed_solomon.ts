/**
 * The erasure code of a run: from k bodies make p shards, so that any k of the k + p suffice.
 *
 * A body becomes a *shard*:
 *
 * | offset | size | field             |
 * | -----: | ---: | ----------------- |
 * |      0 |    2 | n, little-endian  |
 * |      2 |    n | body              |
 * |    2+n | rest | zeros up to the pad size, 2 + the longest body of the run |
 *
 * Byte for byte, the k data shards are the values of a polynomial of degree below k at the points
 * 0, 1, ... k-1 of the field; the parity shards are its values at k, k+1, ... k+p-1. Any k values
 * give all others, by Lagrange's formula:
 *
 *     value(x) = sum over s of value(s) * product over t != s of (x - t) / (s - t)
 *
 * with s and t going through the points that are known. So neither encoding nor rebuilding inverts
 * a matrix. The wire describes the same code by a Vandermonde matrix times the inverse of its top
 * square: that inverse makes coefficients of the first k values, the matrix makes values of them.
 *
 * Source: the sosistab wire, version 3, section 4.1; I. S. Reed and G. Solomon, "Polynomial Codes
 * over Certain Finite Fields", 1960.
 *
 * @module
 */
import { addProduct, divide, multiply } from "./galois.ts";

// Protocol constants: changing one breaks interoperation.

/** Points of the field, so the most shards that a run can have, data and parity together. */
const POINTS = 256;

/** Bytes of a shard in front of the body. */
const LENGTH_PREFIX = 2;

// Tuning.

/**
 * Rows kept, of at most 255 bytes. Runs of up to 16 bodies with twice as many parity shards have
 * 272 between them.
 */
const MAX_PARITY_ROWS = 512;

/** A parity shard that has come. */
export interface ParityShard {
  /** Its number among the parity shards of its run, from 0. */
  readonly index: number;
  /** As long as the run's pad size. */
  readonly bytes: Uint8Array;
}

/** A body that was rebuilt. */
export interface RebuiltBody {
  /** Its number among the data shards of its run, from 0. */
  readonly index: number;
  /** The body, or `undefined` when the shard's length does not fit its size. */
  readonly body: Uint8Array | undefined;
}

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
  into.fill(0);
  bodies.forEach((body, i) => addBody(into, body, row[i]!));
}

/**
 * Rebuilds the missing bodies of a run.
 *
 * @param bodies All bodies of the run in order, with `undefined` for a missing one.
 * @param parity As many shards as bodies are missing, of different indices and equal size, which
 * leaves room for each body.
 */
export function rebuildBodies(
  bodies: readonly (Uint8Array | undefined)[],
  parity: readonly ParityShard[],
): RebuiltBody[] {
  const missing: number[] = [];
  const known: number[] = [];
  bodies.forEach((body, i) => (body === undefined ? missing : known).push(i));
  if (parity.length !== missing.length) {
    throw new RangeError(`${missing.length} bodies are missing, got ${parity.length} shards`);
  }
  const points = [...known, ...parity.map(({ index }) => bodies.length + index)];
  const weights = interpolationWeights(points);
  return missing.map((index) => {
    const row = interpolationRow(points, weights, index);
    const shard = new Uint8Array(parity[0]!.bytes.length);
    known.forEach((each, i) => addBody(shard, bodies[each]!, row[i]!));
    parity.forEach(({ bytes }, i) => addProduct(shard, 0, bytes, row[known.length + i]!));
    return { index, body: bodyOf(shard) };
  });
}

/** Adds `factor` times the shard of a body, which need not be made for that. */
function addBody(into: Uint8Array, body: Uint8Array, factor: number): void {
  if (LENGTH_PREFIX + body.length > into.length) {
    throw new RangeError(`no room for ${body.length} bytes in a shard of ${into.length}`);
  }
  into[0]! ^= multiply(body.length & 0xff, factor);
  into[1]! ^= multiply(body.length >>> 8, factor);
  addProduct(into, LENGTH_PREFIX, body, factor);
}

/** The body in a shard, a view; `undefined` when the shard says that it is longer than itself. */
function bodyOf(shard: Uint8Array): Uint8Array | undefined {
  const end = LENGTH_PREFIX + (shard[0]! | shard[1]! << 8);
  return end <= shard.length ? shard.subarray(LENGTH_PREFIX, end) : undefined;
}

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

function parityRow(dataCount: number, index: number): Uint8Array {
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
