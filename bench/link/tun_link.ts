/**
 * A link of the kernel: two network namespaces, and `tun_link.c` between them. It needs Linux, root
 * and a C compiler.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runCommand } from "../../tests/support/run_command.ts";
import { Child } from "./child.ts";
import { compile } from "./compile.ts";
import type { Command, Link, LinkConditions, LinkCounts, LinkKind } from "./link.ts";

const SOURCE = fileURLToPath(new URL("tun_link.c", import.meta.url));

/** Where its ends are, in `tun_link.c`. */
const RECEIVER = "10.9.0.2";

/** Longest time until a link is up, ms. */
const START_TIMEOUT = 5_000;

/**
 * Makes the way to make them.
 *
 * @param folder Where the program goes.
 * @returns Or the reason why there is none here.
 */
export async function findTun(folder: string): Promise<LinkKind | string> {
  if (process.platform !== "linux") {
    return "it is made of network namespaces, which Linux alone has";
  }
  if (process.getuid?.() !== 0) return "network namespaces need root";
  if (!existsSync("/dev/net/tun")) return "there is no /dev/net/tun";
  const program = join(folder, "tun_link");
  const problem = await compile(SOURCE, program);
  if (problem !== undefined) return problem;
  try {
    // Whether namespaces may be made can only be found out by making some.
    await (await TunLink.open(program, TRIAL, 1)).close();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return {
    name: "TUN devices between two network namespaces",
    carriesTcp: true,
    open: (conditions, seconds) => TunLink.open(program, conditions, seconds),
  };
}

const TRIAL: LinkConditions = { rate: 1, delay: 0, loss: 0, burst: 0, queue: 1, seed: 1 };

class TunLink implements Link {
  readonly receiverHost = RECEIVER;
  readonly #program: string;
  readonly #child: Child;
  readonly #namespaces: readonly string[];
  readonly #lines: string[];
  #overrun: number | undefined;

  private constructor(program: string, child: Child, lines: string[]) {
    this.#program = program;
    this.#child = child;
    this.#lines = lines;
    this.#namespaces = lines[0]!.split(" ");
  }

  static async open(
    program: string,
    { rate, delay, loss, burst, queue, seed }: LinkConditions,
    seconds: number,
  ): Promise<TunLink> {
    const lines: string[] = [];
    const numbers = [delay * 1000, loss * 1e6, burst, rate * 1000, queue, seed, seconds];
    const words = numbers.map((number) => String(Math.round(number)));
    const isUp = Promise.withResolvers<void>();
    const child = new Child([program, "link", ...words], (line) => {
      lines.push(line);
      isUp.resolve();
    });
    const timer = setTimeout(isUp.resolve, START_TIMEOUT);
    await Promise.race([isUp.promise, child.ended]);
    clearTimeout(timer);
    if (lines.length > 0) return new TunLink(program, child, lines);
    await child.stop();
    throw new Error(`no namespaces can be made: ${child.complaint}`);
  }

  enter(side: "sender" | "receiver", command: Command): Command {
    return [this.#program, "enter", this.#namespaces[side === "sender" ? 0 : 1]!, ...command];
  }

  towards(receiver: string): Promise<string> {
    return Promise.resolve(receiver);
  }

  async close(): Promise<LinkCounts> {
    this.#overrun ??= await this.#readOverrun();
    await this.#child.stop();
    const counts = this.#lines.map(parseCounts).find((counts) => counts !== undefined) ??
      { seen: NaN, lost: NaN, dropped: NaN };
    return { ...counts, overrun: this.#overrun };
  }

  /** The namespace is as old as the transfer, and so are its counters. */
  async #readOverrun(): Promise<number> {
    const [program = "", ...args] = this.enter("receiver", ["cat", "/proc/net/snmp"]);
    const { output } = await runCommand(program, args, { timeout: START_TIMEOUT });
    const [names, values] = output.split("\n").filter((line) => line.startsWith("Udp:"))
      .map((line) => line.split(" "));
    return Number(values?.[names?.indexOf("RcvbufErrors") ?? -1]);
  }
}

function parseCounts(line: string): LinkCounts | undefined {
  return line.startsWith("{") ? JSON.parse(line) : undefined;
}
