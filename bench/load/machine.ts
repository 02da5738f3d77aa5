/**
 * What a machine is, in a few words, without its name.
 *
 * @module
 */
import { cpus, loadavg, release, totalmem } from "node:os";
import process from "node:process";
import { runCommand } from "../../tests/support/run_command.ts";
import type { LoadRuntime } from "./runtimes.ts";

/** Longest time to say a version, ms. */
const VERSION_TIMEOUT = 30_000;

/** Its processors, memory and system. */
export function describeMachine(): string {
  const all = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = all[0]?.model.trim() || "unknown model";
  return `${all.length} x ${model}, ${memory} GiB, ${process.platform} ${release()}`;
}

/** How busy it is with other things: the load average of the last minute. */
export function describeLoad(): string {
  return (loadavg()[0] ?? NaN).toFixed(1);
}

/** A runtime and its version. */
export async function describeRuntime({ word, command }: LoadRuntime): Promise<string> {
  const { output } = await runCommand(command[0]!, ["--version"], { timeout: VERSION_TIMEOUT });
  const version = /\d+\.\d+\.\d+/.exec(output)?.[0] ?? "of an unknown version";
  return `${word} ${version}`;
}
