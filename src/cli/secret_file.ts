/**
 * Reads files that hold secrets, and refuses those that others may have read.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import process from "node:process";
import { Failure } from "./failure.ts";
import { shellWord } from "./shell_word.ts";

/** What group and others may do with a file; and others alone. */
export const GROUP_AND_OTHERS = 0o077;
export const OTHERS = 0o007;

/**
 * Reads a file as text.
 *
 * On Windows nothing is refused: it has no such permissions, and shows all of them as given.
 *
 * @param name What the file is called in the refusal.
 * @param refused The permissions with which it is not read.
 * @returns The text. Throws a {@linkcode Failure} when it is refused, and the system's error.
 */
export function readSecretFile(path: string, name: string, refused: number): string {
  // What is looked at is what is read, whatever the path leads to meanwhile.
  const file = openSync(path, "r");
  try {
    const stat = fstatSync(file);
    const isOpenToOthers = !stat.isDirectory() && (stat.mode & refused) !== 0;
    if (isOpenToOthers && process.platform !== "win32") throw refusal(path, name);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function refusal(path: string, name: string): Failure {
  return new Failure("local", `others can read ${name} ${path}, so it is not used`, [
    { cause: "if nobody else was on this machine", remedy: `chmod 600 ${shellWord(path)}` },
    { cause: "or make another one", remedy: "as the first was made" },
  ]);
}
