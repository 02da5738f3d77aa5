/**
 * The parts of a whole run, and how each is done.
 *
 * Tests of `tests/interop/` and `tests/matrix/` find the runtimes of this machine in the variables
 * `SOSISTAB_DENO`, `SOSISTAB_BUN` and `SOSISTAB_NODE`; one that is not set is not there.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { buildPeer } from "../interop/build_peer.ts";
import { runCommand, type RunResult } from "../support/run_command.ts";
import { findBun, findNode, type Program } from "./programs.ts";
import { readConfiguration, ROOT, testsIn, unitTests } from "./project.ts";
import {
  type Counts,
  judge,
  parseBunSummary,
  parseDenoSummary,
  parseNodeSummary,
  type PartResult,
} from "./summary.ts";

/** The parts, in the order in which `all` does them. */
export const PARTS = ["check", "deno", "bun", "node", "interop", "matrix"] as const;

/** The name of a part. */
export type PartName = (typeof PARTS)[number];

/** Longest time for one step of `check`, ms. */
const STEP_TIMEOUT = 5 * 60_000;

/** Longest time for the tests of one part on one runtime, ms: three times what two idle cores need. */
const TESTS_TIMEOUT = 25 * 60_000;

/** Longest time for one test on Bun, and for one file on Node, ms. Bun's own limit is 5 s. */
const TEST_TIMEOUT = 3 * 60_000;

/** A terminal gets colours; a file does not. */
const COLOR: Readonly<Record<string, string>> = process.stdout.isTTY && !process.env.NO_COLOR
  ? { FORCE_COLOR: "1" }
  : { NO_COLOR: "1" };

/** Runs parts. */
export class Parts {
  readonly #deno: string;
  readonly #found = new Map<string, Promise<Program>>();

  /** @param deno The path of the Deno that runs us. */
  constructor(deno: string) {
    this.#deno = deno;
  }

  /** Does a part. @returns A row of the table for each thing that was done. */
  async run(name: PartName): Promise<PartResult[]> {
    switch (name) {
      case "check":
        return await this.#check();
      case "deno":
        return [await this.#testOnDeno("deno", unitTests(), true), ...await this.#examples()];
      case "bun":
        return [await this.#testOnBun("bun", unitTests())];
      case "node":
        return [await this.#testOnNode("node", unitTests())];
      case "interop":
        return await this.#interop();
      case "matrix":
        return [await this.#testOnDeno("matrix", testsIn("tests/matrix"), false)];
    }
  }

  async #check(): Promise<PartResult[]> {
    const entryPoints = Object.values(readConfiguration().exports);
    const steps = [
      ["fmt", "--check"],
      ["lint"],
      ["check", "."],
      ["doc", "--lint", ...entryPoints],
      ["publish", "--dry-run", "--allow-dirty"],
    ];
    const results: PartResult[] = [];
    for (const args of steps) {
      const name = `deno ${args[0]}`;
      const ended = await this.#stream(name, this.#deno, args, STEP_TIMEOUT);
      const failed = ended.code === 0 ? 0 : 1;
      results.push({
        name,
        counts: { passed: 1 - failed, failed, skipped: 0 },
        seconds: ended.seconds,
        note: ended.timedOut ? "took too long" : undefined,
      });
    }
    return results;
  }

  /** The examples in the documentation of the entry points, except what runs on Bun alone. */
  async #examples(): Promise<PartResult[]> {
    const files = Object.entries(readConfiguration().exports)
      .filter(([name]) => name !== "./bun")
      .map(([, path]) => path)
      .filter((path) => /^ \* ```ts$/m.test(readFileSync(join(ROOT, path), "utf8")));
    if (files.length === 0) return [skipped("examples", "no entry point has an example")];
    return [await this.#testOnDeno("examples", ["--doc", ...files], false)];
  }

  async #interop(): Promise<PartResult[]> {
    const files = testsIn("tests/interop");
    let reason = "";
    const start = performance.now();
    const peer = await buildPeer((line) => {
      reason = line.replace(/^skipped: /, "");
      console.log(line);
    });
    if (peer === undefined) return [skipped("interop", reason)];
    const seconds = (performance.now() - start) / 1000;
    if (seconds > 1) console.log(`built the Rust peer in ${seconds.toFixed(0)} s`);
    // What the original does among its own says nothing of a runtime: once is enough.
    const ours = files.filter((file) => !file.endsWith("peer_test.ts"));
    return [
      await this.#testOnDeno("interop deno", files, false),
      await this.#testOnBun("interop bun", ours),
      await this.#testOnNode("interop node", ours),
    ];
  }

  #testOnDeno(name: string, files: readonly string[], parallel: boolean): Promise<PartResult> {
    // Types are checked by `check`.
    const args = ["test", "-A", "--no-check", ...(parallel ? ["--parallel"] : []), ...files];
    return this.#test(name, this.#deno, args, files, parseDenoSummary);
  }

  async #testOnBun(name: string, files: readonly string[]): Promise<PartResult> {
    const bun = await this.#find("bun");
    if (bun.kind === "missing") return skipped(name, bun.reason);
    const paths = files.map((file) => `./${file}`);
    const args = ["test", "--timeout", String(TEST_TIMEOUT), ...paths];
    return await this.#test(name, bun.path, args, files, parseBunSummary);
  }

  async #testOnNode(name: string, files: readonly string[]): Promise<PartResult> {
    const node = await this.#find("node");
    if (node.kind === "missing") return skipped(name, node.reason);
    const args = [
      "--test",
      "--test-reporter=spec",
      `--test-timeout=${TEST_TIMEOUT}`,
      // Interoperation is a matter of time: nothing else may run beside it.
      ...(name === "node" ? [] : ["--test-concurrency=1"]),
      ...files,
    ];
    return await this.#test(name, node.path, args, files, parseNodeSummary);
  }

  async #test(
    name: string,
    command: string,
    args: readonly string[],
    files: readonly string[],
    parse: (output: string) => Counts | undefined,
  ): Promise<PartResult> {
    // Without files a test runner would look for some by itself.
    if (files.length === 0) {
      return { name, ...judge({ passed: 0, failed: 0, skipped: 0 }, NOTHING_RAN), seconds: 0 };
    }
    const env = /interop|matrix/.test(name) ? await this.#runtimes() : {};
    const ended = await this.#stream(name, command, args, TESTS_TIMEOUT, env);
    return { name, ...judge(parse(ended.output), ended), seconds: ended.seconds };
  }

  /** Runs a command and shows what it writes. */
  async #stream(
    name: string,
    command: string,
    args: readonly string[],
    timeout: number,
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunResult & { readonly seconds: number }> {
    console.log(`\n== ${name}`);
    const start = performance.now();
    const result = await runCommand(command, args, {
      cwd: ROOT,
      env: { ...COLOR, ...env },
      timeout,
      onOutput: (text) => void process.stdout.write(text),
    });
    return { ...result, seconds: (performance.now() - start) / 1000 };
  }

  /** The variables that tell tests where the runtimes are. */
  async #runtimes(): Promise<Record<string, string>> {
    const paths: Record<string, string> = { SOSISTAB_DENO: this.#deno };
    for (const name of ["bun", "node"] as const) {
      const program = await this.#find(name);
      if (program.kind === "found") paths[`SOSISTAB_${name.toUpperCase()}`] = program.path;
    }
    return paths;
  }

  #find(name: "bun" | "node"): Promise<Program> {
    const found = this.#found.get(name) ?? (name === "bun" ? findBun() : findNode());
    this.#found.set(name, found);
    return found;
  }
}

const NOTHING_RAN = { code: 0, timedOut: false };

function skipped(name: string, note: string): PartResult {
  console.log(`\n== ${name}\nskipped: ${note}`);
  return { name, counts: { passed: 0, failed: 0, skipped: 1 }, seconds: 0, note };
}
