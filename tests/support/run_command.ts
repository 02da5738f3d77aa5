import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";

/** How to run a command. */
export interface RunOptions {
  /** Where; the current folder unless given. */
  readonly cwd?: string;
  /** Variables on top of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** The longest it may take, ms. Then it is killed with all that it started. */
  readonly timeout: number;
  /** Gets the output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** How a command ended. */
export interface RunResult {
  /** The exit code; -1 for a command that was killed or could not be started. */
  readonly code: number;
  /** Everything that it wrote, to stdout and stderr. */
  readonly output: string;
  /** There is no such command. */
  readonly missing: boolean;
  /** It was killed because it took too long. */
  readonly timedOut: boolean;
}

const running = new Set<ChildProcess>();

/**
 * Runs a command to its end. Never rejects. It leads a process group of its own, so that nothing
 * that it started outlives it; a signal that ends this process ends it too.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env, timeout, onOutput }: RunOptions,
): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    let timedOut = false;
    running.add(child);
    watchSignals();
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, timeout);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        output += text;
        onOutput?.(text);
      });
    }
    const end = (code: number, missing: boolean): void => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, output, missing, timedOut });
    };
    child.on("error", (error) => end(-1, "code" in error && error.code === "ENOENT"));
    child.on("close", (code) => end(code ?? -1, false));
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}

let watching = false;

function watchSignals(): void {
  if (watching) return;
  watching = true;
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    process.on(signal, () => {
      for (const child of running) killGroup(child);
      process.exit(code);
    });
  }
}
