/**
 * Who is measured: ours on each runtime, the Rust original, both together, and others as far as
 * they are there.
 *
 * @module
 */
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAddress } from "../../src/address.ts";
import { buildPeer } from "../../tests/interop/build_peer.ts";
import { findBun, findNode } from "../../tests/runner/programs.ts";
import { runCommand } from "../../tests/support/run_command.ts";
import { compile } from "./compile.ts";
import type { Command, LinkKind } from "./link.ts";
import type { Contestant } from "./transfer.ts";

const ENDPOINT = fileURLToPath(new URL("endpoint.ts", import.meta.url));
const TCP_RECEIVER = fileURLToPath(new URL("tcp_receiver.ts", import.meta.url));
const TCP_SENDER = fileURLToPath(new URL("tcp_sender.c", import.meta.url));
const GO_PEERS = fileURLToPath(new URL("peers/", import.meta.url));
const CONGESTION_CONTROLS = "/proc/sys/net/ipv4/tcp_available_congestion_control";

/** Where Go is put when nobody has put it into the path. */
const USUAL_GO = "/usr/local/go/bin/go";

/** Longest time to download and compile the Go peers, ms. */
const GO_TIMEOUT = 5 * 60_000;

/** What is asked for. */
export interface Wanted {
  /** Some of `PEERS`. */
  readonly peers: readonly string[];
  /** Some of `RUNTIMES`. */
  readonly runtimes: readonly string[];
  /** Where programs may be built. */
  readonly folder: string;
  /** What carries it. */
  readonly kind: LinkKind;
  /** Gets a line for each that is not there, with the reason. */
  readonly skip: (line: string) => void;
}

/** Finds and builds them. */
export async function findContestants(wanted: Wanted): Promise<Contestant[]> {
  const runtimes = await findRuntimes(wanted);
  const original = wanted.peers.includes("rust") ? await buildPeer(wanted.skip) : undefined;
  return [
    ...runtimes.map(({ name, run }): Contestant => ({
      name: `sosistab, ${name}`,
      receive: (hostname) => [...run, ENDPOINT, "receive", hostname],
      send: (address, key) => [...run, ENDPOINT, "send", address, key],
      floors: "own",
    })),
    ...(original === undefined ? [] : withOriginal(original, runtimes)),
    ...await tcpContestants(wanted),
    ...await goContestants(wanted),
  ];
}

interface Runtime {
  readonly name: string;
  readonly run: Command;
}

async function findRuntimes({ runtimes, skip }: Wanted): Promise<Runtime[]> {
  const found: Runtime[] = [];
  if (runtimes.includes("deno")) {
    found.push({ name: "Deno", run: [Deno.execPath(), "run", "-A", "--no-check"] });
  }
  for (const [word, name, find] of [["bun", "Bun", findBun], ["node", "Node", findNode]] as const) {
    if (!runtimes.includes(word)) continue;
    const program = await find();
    if (program.kind === "missing") skip(`skipped: ${name}: ${program.reason}`);
    else found.push({ name, run: [program.path] });
  }
  return found;
}

/** The original alone, and with ours in both roles. */
function withOriginal(program: string, runtimes: readonly Runtime[]): Contestant[] {
  const secretKey = "11".repeat(32);
  const limit = ["--limit", "600"];
  const receive = (hostname: string): Command => [
    program,
    "server",
    `${hostname}:0`,
    secretKey,
    "udp",
    "mux",
    ...limit,
  ];
  const send = (address: string, key: string): Command => [
    program,
    "client",
    address,
    key,
    "udp",
    "1",
    "stream",
    "watch 1000000000000",
    ...limit,
  ];
  return [
    ...runtimes.flatMap(({ name, run }): Contestant[] => [
      {
        name: `sosistab, ${name} → Rust original`,
        receive,
        send: (address, key) => [...run, ENDPOINT, "send", address, key],
        floors: "original",
      },
      {
        name: `Rust original → sosistab, ${name}`,
        receive: (hostname) => [...run, ENDPOINT, "receive", hostname],
        send,
      },
    ]),
    { name: "Rust original", receive, send },
  ];
}

async function tcpContestants({ peers, kind, folder, skip }: Wanted): Promise<Contestant[]> {
  const found: Contestant[] = [];
  const sender = join(folder, "tcp_sender");
  for (const congestion of ["bbr", "cubic"]) {
    if (!peers.includes(congestion)) continue;
    const name = `TCP ${congestion.toUpperCase()}`;
    const problem = kind.carriesTcp
      ? lacking(congestion) ?? await compile(TCP_SENDER, sender)
      : "this link carries datagrams alone";
    if (problem !== undefined) {
      skip(`skipped: ${name}: ${problem}`);
      continue;
    }
    found.push({
      name,
      receive: (hostname) => [Deno.execPath(), "run", "-A", "--no-check", TCP_RECEIVER, hostname],
      send: (address) => {
        const { hostname, port } = parseAddress(address) ?? { hostname: "", port: 0 };
        return [sender, hostname, String(port), congestion];
      },
    });
  }
  return found;
}

/** @returns What the kernel lacks. */
function lacking(congestion: string): string | undefined {
  const known = readFileSync(CONGESTION_CONTROLS, "utf8").split(/\s/);
  return known.includes(congestion) ? undefined : "this kernel has no such congestion control";
}

async function goContestants(wanted: Wanted): Promise<Contestant[]> {
  const names = { kcp: "kcp-go, turbo", "kcp-fec": "kcp-go, turbo, FEC 10+3", quic: "quic-go" };
  const words = (["kcp", "kcp-fec", "quic"] as const).filter((word) => wanted.peers.includes(word));
  if (words.length === 0) return [];
  const program = join(wanted.folder, "go_peers");
  const problem = await buildGoPeers(wanted.folder, program);
  if (problem !== undefined) {
    wanted.skip(`skipped: ${words.map((word) => names[word]).join(", ")}: ${problem}`);
    return [];
  }
  return words.map((word) => ({
    name: names[word],
    receive: (hostname) => [program, word, "receive", `${hostname}:0`],
    send: (address) => [program, word, "send", address],
  }));
}

/** @returns Why it cannot be built. */
async function buildGoPeers(folder: string, program: string): Promise<string | undefined> {
  const source = join(folder, "go_source");
  // Go writes beside the sources; the repository stays as it is.
  cpSync(GO_PEERS, source, { recursive: true });
  const go = existsSync(USUAL_GO) ? USUAL_GO : "go";
  const built = await runCommand(go, ["build", "-mod=mod", "-buildvcs=false", "-o", program, "."], {
    cwd: source,
    timeout: GO_TIMEOUT,
  });
  if (built.missing) return "Go is not installed";
  if (built.code === 0) return undefined;
  return `they do not build: ${built.output.trim().split("\n").at(-1)}`;
}
