/**
 * Programs that end with this one: each reads its stdin to the end, and ends then.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Command } from "./link.ts";

/** How long a child may take to end by itself, ms. */
const END_TIMEOUT = 1_000;

/** As much of stderr as is kept for an error message. */
const KEPT = 2_000;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A running program. */
export class Child {
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #onLine: (line: string) => void;
  #stderr = "";

  /** @param onLine Gets what it prints. */
  constructor(command: Command, onLine: (line: string) => void) {
    const [program = "", ...args] = command;
    this.#onLine = onLine;
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    running.add(this.#child);
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on("error", () => {});
    stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT);
    });
    const read = new Promise((resolve) => {
      if (stdout) createInterface({ input: stdout }).on("line", this.#onLine).on("close", resolve);
    });
    this.ended = new Promise((resolve) => {
      this.#child.on("error", (error) => {
        this.#stderr += error.message;
        running.delete(this.#child);
        resolve();
      });
      this.#child.on("close", () => {
        running.delete(this.#child);
        void read.then(() => resolve());
      });
    });
  }

  /** What it complained of, in one line. */
  get complaint(): string {
    return this.#stderr.trim().split("\n").at(-1) ?? "";
  }

  /** Tells it something. */
  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  /**
   * Ends it: kindly at first, for it may have something to say.
   *
   * @param patience How long it may take to end by itself, ms.
   * @returns Whether it did.
   */
  async stop(patience: number = END_TIMEOUT): Promise<boolean> {
    this.#child.stdin?.end();
    let isKilled = false;
    const timer = setTimeout(() => {
      isKilled = true;
      this.#child.kill("SIGKILL");
    }, patience);
    await this.ended;
    clearTimeout(timer);
    return !isKilled;
  }
}
