/**
 * The runtimes that load is put on, and how each is started so that it collects garbage when asked.
 *
 * @module
 */
import process from "node:process";
import { findBun, findNode } from "../../tests/runner/programs.ts";
import type { Command } from "../link/link.ts";

/** The runtimes, by the words of the command line. */
export const RUNTIMES = ["deno", "bun", "node"] as const;

/** One of {@linkcode RUNTIMES}. */
export type RuntimeWord = (typeof RUNTIMES)[number];

/** A runtime that is there. */
export interface LoadRuntime {
  /** Its word. */
  readonly word: RuntimeWord;
  /** What starts a script on it. */
  readonly command: Command;
}

/**
 * Finds a runtime.
 *
 * @returns The reason why it is not there, for people, if it is not.
 */
export async function findRuntime(word: RuntimeWord): Promise<LoadRuntime | string> {
  if (word === "deno") {
    const { Deno } = globalThis;
    if (Deno === undefined) return `Deno starts others of its kind alone, this is ${process.title}`;
    const flags = ["run", "-A", "--no-check", "--v8-flags=--expose-gc"];
    return { word, command: [Deno.execPath(), ...flags] };
  }
  const program = await (word === "bun" ? findBun() : findNode());
  if (program.kind === "missing") return program.reason;
  const flags = word === "node" ? ["--expose-gc"] : [];
  return { word, command: [program.path, ...flags] };
}

/** Whether a word names a runtime. */
export function isRuntimeWord(word: string): word is RuntimeWord {
  return RUNTIMES.some((known) => known === word);
}
