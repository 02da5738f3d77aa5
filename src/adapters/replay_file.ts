/**
 * A {@linkcode ReplayStore} in a file, on every runtime.
 *
 * It is added to in the moment in which a hello is answered, so the end of the process loses nothing,
 * however it comes. It is made anew behind its own back and put into its place as a whole. Several
 * servers with one key may share it.
 *
 * @module
 */
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { JOURNAL_HEAD } from "../handshake/hello_journal.ts";
import type { ReplayStore } from "../host.ts";

/** Readable by its owner alone. */
const FILE_MODE = 0o600;

/** Settings of a {@linkcode ReplayFile}. */
export interface ReplayFileOptions {
  /**
   * Called with the system's error when the file cannot be written; not again until that has worked
   * once. The listener counts and repeats what failed.
   */
  readonly onError?: (error: unknown) => void;
}

/**
 * A {@linkcode ReplayStore} in a file: to be kept beside the key.
 *
 * @example A server that comes back under its key without a pause
 * ```ts ignore
 * await using listener = await listen({ secretKey, replayStore: new ReplayFile("server.hellos") });
 * ```
 */
export class ReplayFile implements ReplayStore {
  /** Where it is. */
  readonly path: string;
  readonly #onError: ((error: unknown) => void) | undefined;
  #isFailing = false;

  /**
   * Touches nothing yet: the first listener that uses the file makes it at its start.
   *
   * @param path Of the file.
   */
  constructor(path: string, { onError }: ReplayFileOptions = {}) {
    this.path = path;
    this.#onError = onError;
  }

  /**
   * Reads the file. Rejects with the system's error, and with a `TypeError` when the file is no such
   * file.
   */
  // deno-lint-ignore require-await -- what it throws must be a rejection
  async load(): Promise<Uint8Array | undefined> {
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(readFileSync(this.path));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    if (!isReplayFile(bytes)) throw new TypeError(`${this.path} is not a file of answered hellos`);
    return bytes.length === 0 ? undefined : bytes;
  }

  /** Adds to the file; done when the call returns. Rejects with the system's error. */
  // deno-lint-ignore require-await -- what it throws must be a rejection
  async append(bytes: Uint8Array): Promise<void> {
    this.#attempt(() => {
      // One that was removed must not begin in the middle: it is not made here.
      writeAndClose(this.path, constants.O_WRONLY | constants.O_APPEND, (file) => {
        writeFileSync(file, bytes);
      });
    });
  }

  /** Writes the file anew; done when the call returns. Rejects with the system's error. */
  // deno-lint-ignore require-await -- what it throws must be a rejection
  async replace(bytes: Uint8Array): Promise<void> {
    const next = `${this.path}.${process.pid}`;
    this.#attempt(() => {
      // Left behind by a process that was killed, or put there by somebody else: it is not written to.
      discard(next);
      try {
        writeAndClose(next, "wx", (file) => {
          writeFileSync(file, bytes);
          fsyncSync(file);
        });
        renameSync(next, this.path);
      } catch (error) {
        discard(next);
        throw error;
      }
    });
    this.#isFailing = false;
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!this.#isFailing) this.#onError?.(error);
      this.#isFailing = true;
      throw error;
    }
  }
}

/** Whether these bytes of a file are such that a server may write there: its own, or none. */
export function isReplayFile(bytes: Uint8Array): boolean {
  return bytes.length === 0 || JOURNAL_HEAD.every((byte, at) => byte === bytes[at]);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** What cannot be removed stays: why it was to be matters more. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // As said.
  }
}

function writeAndClose(path: string, flags: string | number, write: (file: number) => void): void {
  const file = openSync(path, flags, FILE_MODE);
  try {
    write(file);
  } finally {
    closeSync(file);
  }
}
