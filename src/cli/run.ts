/**
 * Runs the program once, from its arguments to its exit code.
 *
 * @module
 */
import process from "node:process";
import { CommanderError } from "commander";
import { SosistabError } from "../errors.ts";
import type { Context } from "./context.ts";
import { EXIT_CODES, Failure, Interruption, OutputClosed } from "./failure.ts";
import { loadHost } from "./host.ts";
import { makeProgram } from "./program.ts";
import { Reporter } from "./reporter.ts";
import { printLine } from "./stdio_end.ts";
import { stopSignals } from "./stop_signal.ts";

// Tuning.

/** How long a command may take to end in order after a signal, ms: a round trip of a bad path. */
const STOP_TIMEOUT = 1_000;

const SHORT_HELP_END = "\nThe first five minutes: sosistab demo    More: sosistab help listen";

/**
 * Runs the program.
 *
 * @param args What was typed behind its name.
 * @returns The exit code, once everything has been said: the process can end.
 */
export async function run(args: readonly string[]): Promise<number> {
  // Whoever has closed our stderr does not want to hear of it.
  process.stderr.on("error", () => {});
  const reporter = new Reporter({
    write: (text) => void process.stderr.write(text),
    json: args.includes("--json"),
    color: process.stderr.isTTY === true && !process.env.NO_COLOR,
    now: () => performance.now(),
  });
  let exitCode = 0;
  try {
    await runProgram(args, reporter);
  } catch (error) {
    exitCode = conclude(error, reporter);
  }
  reporter.done(exitCode);
  await new Promise((resolve) => process.stderr.write("", resolve));
  return exitCode;
}

async function runProgram(args: readonly string[], reporter: Reporter): Promise<void> {
  let answer = "";
  const program = makeProgram(
    (command) => runCommand(reporter, command),
    (text) => answer += text,
  );
  try {
    if (args.length === 0) answer = program.helpInformation() + SHORT_HELP_END;
    else await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageFailure(error);
  }
  if (answer !== "") await printLine(answer.trimEnd());
}

async function runCommand(
  reporter: Reporter,
  command: (context: Context) => Promise<void>,
): Promise<void> {
  const { signal, finishFirst } = stopSignals();
  const stopped = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => {
    setTimeout(() => stopped.reject(signal.reason), STOP_TIMEOUT);
  });
  const host = await loadHost();
  await Promise.race([command({ host, reporter, signal, finishFirst }), stopped.promise]);
}

/** Tells why it ended, and with which exit code. */
function conclude(error: unknown, reporter: Reporter): number {
  if (error instanceof Interruption) return error.exitCode;
  if (error instanceof OutputClosed) return 0;
  const failure = error instanceof Failure ? error : unexpected(error);
  reporter.fail(failure);
  return EXIT_CODES[failure.kind];
}

function unexpected(error: unknown): Failure {
  if (error instanceof SosistabError) return new Failure("failed", error.message);
  const text = error instanceof Error ? error.message : String(error);
  return new Failure("failed", `this should not have happened: ${text}`);
}

/** The first line says what is wrong, the second what may have been meant. */
function usageFailure({ message }: CommanderError): Failure {
  const [problem = "", suggestion] = message.replace(/^error: /, "").split("\n");
  return new Failure("usage", problem, [
    ...(suggestion === undefined ? [] : [{ remedy: suggestion.replace(/^\((.*)\)$/, "$1") }]),
    { remedy: "see what there is: sosistab help" },
  ]);
}
