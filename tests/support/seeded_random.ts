/**
 * Random numbers that are the same for the same seed, on every runtime.
 */
import type { RandomSource } from "../../src/random.ts";

/** Draws fractions from 0 up to 1 (mulberry32). */
export function seededFraction(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The same as a source of bytes. */
export function seededSource(seed: number): RandomSource {
  const next = seededFraction(seed);
  return (into) => {
    for (let i = 0; i < into.length; i++) into[i] = next() * 256;
  };
}
