/**
 * The options of the link bench.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** What others can be measured, by the words of `--peers`. */
export const PEERS = ["rust", "bbr", "cubic", "kcp", "kcp-fec", "quic"] as const;

/** The runtimes of ours, by the words of `--runtimes`. */
export const RUNTIMES = ["deno", "bun", "node"] as const;

/** What sosistab and the original can be carried by, by the words of `--carrier`. */
export const CARRIERS = ["udp", "tcp"] as const;

/** One of {@linkcode CARRIERS}. */
export type CarrierWord = (typeof CARRIERS)[number];

/** What the kernel's TCP goes by, by the words of `--kernel`; the first: as the machine has it. */
export const KERNELS = ["default", "bbr", "cubic", "reno"] as const;

/** What is to be measured. */
export interface Options {
  /** What makes the link; `auto`: the best that is there. */
  readonly link: "auto" | "tun" | "relay";
  /** Chances of loss, 0 to 1. */
  readonly losses: readonly number[];
  /** Mbit/s. */
  readonly rate: number;
  /** One way, ms. */
  readonly delay: number;
  /** Packets. */
  readonly queue: number;
  /** Mean length of a burst of losses; 0: each is alone. */
  readonly burst: number;
  /** Of each transfer. */
  readonly seconds: number;
  /** Transfers of a cell; the median counts. */
  readonly rounds: number;
  /** Some of {@linkcode PEERS}. */
  readonly peers: readonly string[];
  /** Some of {@linkcode RUNTIMES}. */
  readonly runtimes: readonly string[];
  /** What carries sosistab and the original. */
  readonly carrier: CarrierWord;
  /** One of {@linkcode KERNELS}: the congestion control below `carrier`. */
  readonly kernel: string;
  /** How many sockets or connections they spread over; each number is a contestant of its own. */
  readonly shards: readonly number[];
  /** A part of the names that are measured; empty: all. */
  readonly only: string;
  /** Prints all that was measured as JSON lines, too. */
  readonly json: boolean;
}

/** What there is to choose. */
export const HELP = `deno task bench:link [options]

  --link auto|tun|relay   what makes the link                       (auto: tun if it is there)
  --loss 0,1,5,10         chance of loss, %, in both directions
  --rate 100              Mbit/s
  --delay 25              one way, ms
  --queue 400             packets of 1,500 bytes
  --burst 0               mean length of a burst of losses; 0: each is alone
  --seconds 10            of each transfer
  --rounds 1              transfers of a cell; the median counts
  --peers ${PEERS.join(",")}   or none
  --runtimes ${RUNTIMES.join(",")}   or none
  --carrier udp|tcp       what carries sosistab and the original
  --kernel ${KERNELS.join("|")}   congestion control of the TCP that carries them
  --shards 1              sockets or connections of theirs; each of several numbers is measured
  --only TEXT             only what has this in its name
  --json                  all that was measured as JSON lines, too`;

/** Reads them. Throws an `Error` whose message says what is wrong. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      link: { type: "string", default: "auto" },
      loss: { type: "string", default: "0,1,5,10" },
      rate: { type: "string", default: "100" },
      delay: { type: "string", default: "25" },
      queue: { type: "string", default: "400" },
      burst: { type: "string", default: "0" },
      seconds: { type: "string", default: "10" },
      rounds: { type: "string", default: "1" },
      peers: { type: "string", default: PEERS.join(",") },
      runtimes: { type: "string", default: RUNTIMES.join(",") },
      carrier: { type: "string", default: "udp" },
      kernel: { type: "string", default: "default" },
      shards: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      json: { type: "boolean", default: false },
    },
  });
  return {
    link: choice("--link", values.link, ["auto", "tun", "relay"]),
    losses: values.loss.split(",").map((text) => number("--loss", text, 0, 90) / 100),
    rate: number("--rate", values.rate, 0.1, 1000),
    delay: number("--delay", values.delay, 0, 1000),
    queue: number("--queue", values.queue, 1, 10_000),
    burst: number("--burst", values.burst, 0, 100),
    seconds: number("--seconds", values.seconds, 1, 600),
    rounds: number("--rounds", values.rounds, 1, 99),
    peers: some("--peers", values.peers, PEERS),
    runtimes: some("--runtimes", values.runtimes, RUNTIMES),
    carrier: choice("--carrier", values.carrier, CARRIERS),
    kernel: choice("--kernel", values.kernel, KERNELS),
    shards: values.shards.split(",").map((text) => whole("--shards", text, 1, 16)),
    only: values.only,
    json: values.json,
  };
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value <= most) return value;
  throw new Error(`${name} must be a number from ${least} to ${most}, got "${text}"`);
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = number(name, text, least, most);
  if (Number.isInteger(value)) return value;
  throw new Error(`${name} must be a whole number, got "${text}"`);
}

function choice<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((word) => word === text);
  if (found !== undefined) return found;
  throw new Error(`${name} must be one of ${known.join(", ")}, got "${text}"`);
}

function some(name: string, text: string, known: readonly string[]): readonly string[] {
  if (text === "none") return [];
  return text.split(",").map((word) => choice(name, word, known));
}
