/**
 * Data to send: a file, or bytes made up on the spot.
 *
 * @module
 */
import { createReadStream, statSync } from "node:fs";
import { explainRead } from "./explain.ts";
import { Failure } from "./failure.ts";

/** Something to send. */
export interface SampleData {
  /** What it is, for people. */
  readonly name: string;
  /** How many bytes; `undefined`: nobody knows. */
  readonly size: number | undefined;
  /** The bytes. A chunk is valid until the next one. */
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const CHUNK = 65_536;

/** A file. It is looked at now and opened when it is read. */
export function fileData(path: string): SampleData {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      throw new Failure("local", `cannot read ${path}: it is a directory`, [
        { remedy: "name a file, or none: sosistab demo" },
      ]);
    }
    return { name: path, size: stat.isFile() ? stat.size : undefined, chunks: readChunks(path) };
  } catch (error) {
    throw explainRead(error, path);
  }
}

/**
 * Bytes that look random: a compressor, or a repetition, would make the result too good.
 *
 * @param size A multiple of 64 KiB.
 */
export function madeUpData(size: number): SampleData {
  return { name: "made up on the spot", size, chunks: makeChunks(size) };
}

async function* readChunks(path: string): AsyncIterable<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: CHUNK });
  } catch (error) {
    throw explainRead(error, path);
  }
}

/** Marsaglia's xorshift: fast, and nothing more is asked of it. */
function* makeChunks(size: number): Iterable<Uint8Array> {
  let state = 2_463_534_242;
  const words = new Uint32Array(CHUNK / 4);
  for (let made = 0; made < size; made += CHUNK) {
    for (let i = 0; i < words.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[i] = state;
    }
    yield new Uint8Array(words.buffer);
  }
}
