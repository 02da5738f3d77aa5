/**
 * This program once more, as a process of its own.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Failure } from "./failure.ts";
import { RUNTIME } from "./host.ts";
import type { Fields } from "./reporter.ts";

/** How a child is started. */
export interface ChildOptions {
  /** What it is to the user: "the server". */
  readonly name: string;
  /** What stands behind the program's name; `--json` is added. */
  readonly args: readonly string[];
  /** More environment than we have ourselves. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether we write to its stdin; without it that has ended from the start. */
  readonly input: boolean;
  /** Told of each event, besides those who wait for one. */
  readonly onEvent?: (event: Fields) => void;
}

/** A running child. It is killed when this process ends. */
export class ChildProgram {
  /** Settles when it has ended well; rejects with a {@linkcode Failure} when it has not. */
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #onEvent: (event: Fields) => void;
  readonly #process: ChildProcess;
  readonly #events = new Map<unknown, PromiseWithResolvers<Fields>>();
  #error: string | undefined;

  /** Starts it. */
  constructor({ name, args, env, input, onEvent = () => {} }: ChildOptions) {
    this.#name = name;
    this.#onEvent = onEvent;
    this.#process = spawn(process.execPath, [...selfArguments(), ...args, "--json"], {
      env: { ...process.env, ...env },
      stdio: [input ? "pipe" : "ignore", "pipe", "pipe"],
    });
    const kill = () => this.kill();
    process.once("exit", kill);
    this.ended = new Promise((resolve, reject) => {
      this.#process.once("error", (error) => reject(this.#failure(error.message)));
      this.#process.once("close", (code, signal) => {
        process.off("exit", kill);
        if (code === 0) resolve();
        else reject(this.#failure(this.#error ?? `it ended with ${code ?? signal}`));
      });
    });
    // Somebody always waits for it in the end, but perhaps not yet.
    this.ended.catch(() => {});
    const { stderr, stdin } = this.#process;
    // What it could not take is told by its end.
    stdin?.on("error", () => {});
    if (stderr) createInterface({ input: stderr }).on("line", (line) => this.#onLine(line));
  }

  /** Its process id. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Waits for the first event of a name; rejects when the child ends without it. */
  event(name: string): Promise<Fields> {
    const failed = this.ended.then(() => {
      throw this.#failure("it ended early");
    });
    return Promise.race([this.#event(name).promise, failed]);
  }

  /** Writes to its stdin; settles when there is room for more, rejects when it has gone. */
  async write(chunk: Uint8Array): Promise<void> {
    const { stdin } = this.#process;
    const isTaken = await new Promise<boolean>((resolve) => {
      if (stdin) stdin.write(chunk, (error) => resolve(!error));
      else resolve(false);
    });
    if (isTaken) return;
    // Why it ended says more than that its pipe is broken.
    await this.ended;
    throw this.#failure("it ended before it had read everything");
  }

  /** Ends its stdin. */
  endInput(): void {
    this.#process.stdin?.end();
  }

  /** What it writes to stdout. */
  get output(): AsyncIterable<Uint8Array> {
    if (!this.#process.stdout) throw new Error("the child has no stdout");
    return this.#process.stdout;
  }

  /** Ends it at once; doing so twice, or after its end, is harmless. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Ends it at once, and waits until it has gone. */
  async stop(): Promise<void> {
    this.kill();
    await this.ended.catch(() => {});
  }

  #event(name: unknown): PromiseWithResolvers<Fields> {
    const known = this.#events.get(name) ?? Promise.withResolvers<Fields>();
    this.#events.set(name, known);
    return known;
  }

  #onLine(line: string): void {
    const fields = parseLine(line);
    if (fields === undefined) return;
    if (fields.event === "error") this.#error = String(fields.message);
    this.#event(fields.event).resolve(fields);
    this.#onEvent(fields);
  }

  #failure(reason: string): Failure {
    return new Failure("failed", `${this.#name} failed: ${reason}`);
  }
}

/** What makes this runtime run this program. */
function selfArguments(): string[] {
  const main = new URL("./main.ts", import.meta.url);
  const path = main.protocol === "file:" ? fileURLToPath(main) : main.href;
  switch (RUNTIME) {
    case "deno":
      return ["run", "-A", "--unstable-net", path];
    case "bun":
    case "node":
      return [...process.execArgv, path];
  }
}

function parseLine(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
