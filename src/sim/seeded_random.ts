/**
 * Chance that is the same for the same seed, on every runtime.
 *
 * A stream of fractions is a function of a place: the fate of the n-th packet under one condition
 * hangs on nothing but the seed, the condition and n, and costs nothing where nobody asks. It is
 * made of two rounds of integer mixing (the constants are those of Chris Wellons' search, "lowbias32"
 * and "triple32"), and has nothing to do with cryptography.
 *
 * @module
 */
import type { RandomSource } from "../random.ts";

/** Fractions from 0 up to, but never, 1, each at its place. */
export class SeededStream {
  readonly #first: number;
  readonly #second: number;

  /** @param seed Any text; equal text, equal fractions. */
  constructor(seed: string) {
    let first = 0x811c9dc5;
    let second = 0x2545f491;
    for (let i = 0; i < seed.length; i++) {
      const unit = seed.charCodeAt(i);
      first = Math.imul(first ^ unit, 0x01000193);
      second = Math.imul(second ^ unit, 0x85ebca6b) ^ (second >>> 13);
    }
    this.#first = mix(first);
    this.#second = mix(second ^ 0x5bd1e995);
  }

  /** The fraction at a place, a non-negative integer. */
  at(place: number): number {
    return this.wordAt(place) / 4294967296;
  }

  /** The same as an integer from 0 to 2^32-1. */
  wordAt(place: number): number {
    return mix(mix(Math.imul(place, 0x9e3779b9) + this.#first) ^ this.#second) >>> 0;
  }
}

/** Bytes that are the same for the same seed. */
export function seededSource(seed: string): RandomSource {
  const stream = new SeededStream(seed);
  let place = 0;
  return (into) => {
    for (let i = 0; i < into.length; i += 4) {
      const word = stream.wordAt(place++);
      into[i] = word;
      // Beyond the end of a typed array nothing is written.
      into[i + 1] = word >>> 8;
      into[i + 2] = word >>> 16;
      into[i + 3] = word >>> 24;
    }
  };
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}
