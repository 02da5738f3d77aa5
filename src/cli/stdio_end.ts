/**
 * stdin and stdout as one end of something.
 *
 * Each runtime has its own way to write to stdout without stopping everything else while the reader
 * of a pipe is slow: the socket would go unread, and the other side would think this one dead.
 *
 * @module
 */
import { closeSync, openSync, write } from "node:fs";
import { devNull } from "node:os";
import process from "node:process";
import type { ByteEnd } from "./byte_end.ts";
import { systemReason } from "./explain.ts";
import { Failure, OutputClosed, systemCode } from "./failure.ts";
import { RUNTIME } from "./host.ts";
import { StreamReader } from "./stream_reader.ts";

// Tuning.

/** How long to wait when a pipe that somebody else made non-blocking is full, ms. */
const FULL_PIPE_DELAY = 5;

const STDOUT = 1;

/** stdin and stdout. */
export class StdioEnd implements ByteEnd {
  readonly #input: StreamReader | undefined;
  readonly #write: (chunk: Uint8Array) => Promise<void> = writerOf();

  /** @param options `input: false`: stdin is not read; it has ended from the start. */
  constructor(options: { readonly input: boolean } = { input: true }) {
    this.#input = options.input ? openStdin() : undefined;
  }

  async read(into: Uint8Array): Promise<number | null> {
    try {
      return await this.#input?.read(into) ?? null;
    } catch (error) {
      throw explainStdin(error);
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      await this.#write(chunk);
    } catch (error) {
      if (systemCode(error) === "EPIPE") throw new OutputClosed();
      throw new Failure("local", `cannot write to stdout: ${systemReason(error)}`, [
        { remedy: "send it somewhere else: > FILE" },
      ]);
    }
  }

  closeWrite(): void {
    // Deno keeps a second descriptor of stdout that nobody can close: the reader learns of the end
    // when the program ends.
    if (RUNTIME === "deno") return;
    closeSync(STDOUT);
    // The next thing that is opened must not become stdout.
    openSync(devNull, "w");
  }

  reset(): void {
    // The program ends, and both with it.
  }
}

/** Reads all of stdin as text. */
export async function readStdinText(): Promise<string> {
  const reader = openStdin();
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(4096);
  let text = "";
  for (;;) {
    const length = await reader.read(chunk);
    if (length === null) return text + decoder.decode();
    text += decoder.decode(chunk.subarray(0, length), { stream: true });
  }
}

/** Writes an answer to stdout. */
export async function printLine(text: string): Promise<void> {
  await new StdioEnd({ input: false }).write(new TextEncoder().encode(text + "\n"));
}

function openStdin(): StreamReader {
  try {
    return new StreamReader(process.stdin);
  } catch (error) {
    // Bun opens it only now, and may find that it is a directory.
    throw explainStdin(error);
  }
}

function explainStdin(error: unknown): Failure {
  return new Failure("local", `cannot read stdin: ${systemReason(error)}`, [
    { remedy: "take it from somewhere else: < FILE, or < /dev/null for nothing" },
  ]);
}

function writerOf(): (chunk: Uint8Array) => Promise<void> {
  switch (RUNTIME) {
    case "deno":
      return writeOnDeno;
    case "bun":
      return writeOnBun;
    case "node":
      return writeOnNode;
  }
}

/** Its `process.stdout` blocks while a pipe is full. */
async function writeOnDeno(chunk: Uint8Array): Promise<void> {
  let rest = chunk;
  while (rest.length > 0) rest = rest.subarray(await Deno.stdout.write(rest));
}

/** Its `process.stdout` makes a second descriptor, which would keep a pipe open to the very end. */
async function writeOnBun(chunk: Uint8Array): Promise<void> {
  let rest = chunk;
  while (rest.length > 0) rest = rest.subarray(await writeSome(rest));
}

function writeSome(chunk: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDOUT, chunk, (error, written) => {
      if (error === null || error === undefined) resolve(written);
      else if (systemCode(error) === "EAGAIN") setTimeout(() => resolve(0), FULL_PIPE_DELAY);
      else reject(error);
    });
  });
}

/** Its `fs.write` finds a full pipe non-blocking, as `process.stdout` itself makes it. */
function writeOnNode(chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const { stdout } = process;
    // A broken pipe is told twice, and the event nobody listens to would end the program.
    const onError = () => {};
    stdout.once("error", onError);
    stdout.write(chunk, (error) => {
      if (error) {
        reject(error);
      } else {
        stdout.off("error", onError);
        resolve();
      }
    });
  });
}
