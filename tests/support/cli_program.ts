/**
 * The program as users run it: a process of the runtime that the tests run on. Each has a state
 * directory of its own, nothing of it outlives its test, and it is killed if it takes too long.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RUNTIME } from "../../src/cli/host.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** A program that runs longer has hung, ms. */
const MOST_TIME = 60_000;

/** One event of a program that was started with `--json`. */
export type Event = Readonly<Record<string, unknown>>;

/** How a program ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** How a program is started. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What comes in through stdin; `"open"`: what the test writes; by default there is none. */
  readonly stdin?: Uint8Array | string | "open";
  /** A program to run it with, and its arguments. */
  readonly through?: readonly string[];
}

/** A place for the files of one test, and the programs that it starts. */
export class Workbench implements AsyncDisposable {
  /** A directory that is removed at the end. */
  readonly directory: string = mkdtempSync(join(tmpdir(), "sosistab-test-"));
  readonly #programs: Program[] = [];

  /** A path in the directory. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** What lies in the directory. */
  files(): string[] {
    return readdirSync(this.directory);
  }

  /** Starts the program. */
  start(args: readonly string[], options: StartOptions = {}): Program {
    const program = new Program(args, this.directory, options);
    this.#programs.push(program);
    return program;
  }

  /** Runs the program to its end. */
  run(args: readonly string[], options: StartOptions = {}): Promise<Outcome> {
    return this.start(args, options).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) program.kill("SIGKILL");
    await Promise.all(this.#programs.map((program) => program.ended));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Gives each test a workbench. */
export function withWorkbench(run: (bench: Workbench) => Promise<void>): () => Promise<void> {
  return async () => {
    const bench = new Workbench();
    try {
      await run(bench);
    } finally {
      await bench[Symbol.asyncDispose]();
    }
  };
}

/** A running program. */
export class Program {
  /** Settles when it has ended and its pipes are read. */
  readonly ended: Promise<Outcome>;
  readonly #process: ChildProcess;
  readonly #stdout: Uint8Array[] = [];
  readonly #watchers = new Set<() => void>();
  #stdoutEnded = false;
  #stderr = "";
  #hasEnded = false;

  constructor(args: readonly string[], directory: string, options: StartOptions) {
    const { stdin, env = {}, through = [] } = options;
    const [command = "", ...rest] = [...through, process.execPath, ...selfArguments(), ...args];
    this.#process = spawn(command, rest, {
      cwd: directory,
      env: { ...cleanEnvironment(), XDG_STATE_HOME: directory, ...env },
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const timer = setTimeout(() => this.kill("SIGKILL"), MOST_TIME);
    this.#process.stdout?.on("data", (chunk: Uint8Array) => {
      this.#stdout.push(chunk);
      this.#wake();
    });
    this.#process.stdout?.on("end", () => {
      this.#stdoutEnded = true;
      this.#wake();
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#wake();
    });
    this.#process.stdin?.on("error", () => {});
    if (stdin !== undefined && stdin !== "open") this.#process.stdin?.end(stdin);
    this.ended = new Promise((resolve, reject) => {
      this.#process.once("error", reject);
      this.#process.once("close", (code) => {
        clearTimeout(timer);
        this.#hasEnded = true;
        this.#wake();
        resolve({ code, stdout: this.stdout, stderr: this.#stderr });
      });
    });
  }

  /** What it has written to stdout so far. */
  get stdout(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#stdout));
  }

  /** What it has written to stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** The events that it has told of so far. Throws when a line of stderr is no JSON object. */
  get events(): Event[] {
    const lines = this.#stderr.split("\n");
    lines.pop();
    return lines.map((line) => JSON.parse(line));
  }

  /** Waits for the first event of a name. */
  async event(name: string): Promise<Event> {
    const find = () => this.events.find(({ event }) => event === name);
    await this.#until(() => find() !== undefined, `event ${name}`);
    return find()!;
  }

  /** Waits for text on stderr. */
  async says(pattern: RegExp): Promise<void> {
    await this.#until(() => pattern.test(this.#stderr), String(pattern));
  }

  /** Waits until this much has come out of stdout. */
  async hasWritten(bytes: number): Promise<void> {
    await this.#until(() => this.stdout.length >= bytes, `${bytes} bytes`);
  }

  /** Waits for the end of stdout, though the program may run on. */
  async hasClosedStdout(): Promise<void> {
    await this.#until(() => this.#stdoutEnded, "the end of stdout");
  }

  /** Writes to its stdin. */
  async write(chunk: Uint8Array | string): Promise<void> {
    await new Promise<void>((resolve) => this.#process.stdin?.write(chunk, () => resolve()));
  }

  /** Ends its stdin. */
  endInput(): void {
    this.#process.stdin?.end();
  }

  /** Closes the reading end of its stdout. */
  closeOutput(): void {
    this.#process.stdout?.destroy();
  }

  /** Sends it a signal. */
  kill(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
    // Not by `child.kill()`: on Deno a child that was sent a signal has no exit code any more.
    if (!this.#hasEnded && this.#process.pid !== undefined) process.kill(this.#process.pid, signal);
  }

  async #until(isSo: () => boolean, what: string): Promise<void> {
    while (!isSo()) {
      if (this.#hasEnded) throw new Error(`it ended without ${what}; it said:\n${this.#stderr}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }
}

/** Whether a process is alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function selfArguments(): string[] {
  // What Deno fetches on a new machine it would tell on stderr, among the lines of the program.
  return RUNTIME === "deno" ? ["run", "-A", "--quiet", "--unstable-net", MAIN] : [MAIN];
}

/** The environment of the tests without what would change the program. */
function cleanEnvironment(): Record<string, string | undefined> {
  const {
    SOSISTAB_URL: _url,
    SOSISTAB_KEY: _key,
    SOSISTAB_PROXY: _proxy,
    NODE_TEST_CONTEXT: _test,
    ...rest
  } = process.env;
  return { ...rest, NO_COLOR: "1" };
}
