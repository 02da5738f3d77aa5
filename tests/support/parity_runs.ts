/**
 * Runs of bodies that tell their frame numbers, and their parity.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Parity, Recoverer } from "../../src/fec/recoverer.ts";
import { encodeParity } from "../../src/fec/reed_solomon.ts";

/** A body that tells its frame number. */
export function bodyOf(frameNumber: number): Uint8Array {
  return new TextEncoder().encode(`body ${frameNumber}`.padEnd(8 + frameNumber % 13, "."));
}

/** The parity frames of a run of bodies like that. */
export function parityOf(runStart: number, dataCount: number, parityCount: number): Parity[] {
  const bodies = Array.from({ length: dataCount }, (_, i) => bodyOf(runStart + i));
  const padSize = 2 + Math.max(...bodies.map((body) => body.length));
  return Array.from({ length: parityCount }, (_, parityIndex) => {
    const body = new Uint8Array(padSize);
    encodeParity(bodies, parityIndex, body);
    return { runStart, dataCount, parityCount, parityIndex, padSize, body };
  });
}

/** One parity frame, of any bodies, with zeros beyond the longest. */
export function parityWith(
  bodies: readonly Uint8Array[],
  runStart: number,
  index: number,
  slack = 0,
): Parity {
  const padSize = 2 + Math.max(...bodies.map((body) => body.length)) + slack;
  const body = new Uint8Array(padSize);
  encodeParity(bodies, index, body);
  const dataCount = bodies.length;
  return { runStart, dataCount, parityCount: index + 1, parityIndex: index, padSize, body };
}

/** Gives data frames to a recoverer. */
export function feed(recoverer: Recoverer, ...frameNumbers: number[]): void {
  for (const frameNumber of frameNumbers) recoverer.onData(frameNumber, bodyOf(frameNumber));
}

/** Takes out all rebuilt bodies, checks them, and returns their numbers. */
export function drained(recoverer: Recoverer): number[] {
  const numbers: number[] = [];
  for (let next = recoverer.pollBody(); next; next = recoverer.pollBody()) {
    assert.deepEqual(next.body, bodyOf(next.frameNumber));
    numbers.push(next.frameNumber);
  }
  return numbers;
}

/** The numbers from one up to another, which is not among them. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
