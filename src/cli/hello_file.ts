/**
 * Where the program remembers which hellos a server has answered: a file beside the key, called like
 * it with `.hellos` behind.
 *
 * @module
 */
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import process from "node:process";
import { isReplayFile, ReplayFile } from "../adapters/replay_file.ts";
import { JOURNAL_HEAD } from "../handshake/hello_journal.ts";
import { explainRead, systemReason } from "./explain.ts";
import { Failure, systemCode } from "./failure.ts";
import type { Reporter } from "./reporter.ts";
import { shellWord } from "./shell_word.ts";

/** Its permissions, and what group and others must not have. */
const FILE_MODE = 0o600;
const OTHERS_WRITE = 0o022;

/** Where the hellos of a key are kept. */
export function helloFileOf(keyFile: string): string {
  return `${keyFile}.hellos`;
}

/** Makes the file of a key that nobody has used yet: no hello was answered. One of an older key goes. */
export function makeHelloFile(keyFile: string): void {
  const path = helloFileOf(keyFile);
  try {
    writeFileSync(path, JOURNAL_HEAD, { mode: FILE_MODE, flag: "wx" });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    checkIsOurs(path);
    writeFileSync(path, JOURNAL_HEAD);
  }
}

/**
 * Finds the file of a key, or begins one.
 *
 * @returns `undefined` where it cannot be made, as beside a key on a read-only file system: that is
 * told.
 */
export function openHelloFile(reporter: Reporter, keyFile: string): ReplayFile | undefined {
  const path = helloFileOf(keyFile);
  try {
    // An empty one says nothing, not even that nothing was answered.
    writeFileSync(path, "", { mode: FILE_MODE, flag: "wx" });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") {
      reporter.warn(
        `cannot make ${path}, which would remember the hellos that were answered: ${
          systemReason(error)
        }`,
        "keep the key in a directory that the server may write to: --key FILE",
      );
      return undefined;
    }
  }
  checkIsOurs(path);
  // What they read tells them nothing. Windows has no such permissions, and shows all as given.
  if (process.platform !== "win32" && (statSync(path).mode & OTHERS_WRITE) !== 0) {
    reporter.warn(`others can change ${path}`, `chmod 600 ${shellWord(path)}`);
  }
  return new ReplayFile(path, {
    onError: (error) =>
      reporter.warn(
        `cannot write ${path}, so after a restart hellos may be answered twice: ${
          systemReason(error)
        }`,
      ),
  });
}

/** Sees to it that what is there can be written, and is no file of somebody else's. */
function checkIsOurs(path: string): void {
  let bytes: Uint8Array;
  try {
    closeSync(openSync(path, "r+"));
    bytes = readFileSync(path);
  } catch (error) {
    throw explainRead(error, path);
  }
  if (isReplayFile(bytes)) return;
  throw new Failure("usage", `${path} is not what a server writes there, and is left alone`, [
    {
      cause: "move it away, and nobody can connect for the first minute",
      remedy: `mv ${shellWord(path)} ${shellWord(`${path}.old`)}`,
    },
  ]);
}
