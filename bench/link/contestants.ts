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
import type { CarrierWord } from "./options.ts";
import type { Contestant } from "./transfer.ts";

const ENDPOINT = fileURLToPath(new URL("endpoint.ts", import.meta.url));
const TCP_RECEIVER = fileURLToPath(new URL("tcp_receiver.ts", import.meta.url));
const TCP_SENDER = fileURLToPath(new URL("tcp_sender.c", import.meta.url));
const GO_PEERS = fileURLToPath(new URL("peers/", import.meta.url));
const CONGESTION_CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control";
const ALLOWED_CONTROLS = "/proc/sys/net/ipv4/tcp_allowed_congestion_control";
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
  /** What carries ours and the original. */
  readonly carrier: CarrierWord;
  /** What the TCP below them goes by; `default`: as the machine has it. */
  readonly kernel: string;
  /** How many sockets or connections these spread over, one after the other. */
  readonly shards: readonly number[];
  /** Where programs may be built. */
  readonly folder: string;
  /** What carries it. */
  readonly kind: LinkKind;
  /** Gets a line for each that is not there, with the reason. */
  readonly skip: (line: string) => void;
}

/** Finds and builds them. */
export async function findContestants(wanted: Wanted): Promise<Contestant[]> {
  const { carrier, kind, skip, shards } = wanted;
  const isCarried = carrier === "udp" || kind.carriesTcp;
  if (!isCarried) skip("skipped: sosistab over TCP: this link carries datagrams alone");
  return [
    ...isCarried ? await sosistabContestants(wanted, shards) : [],
    ...await tcpContestants(wanted),
    ...await goContestants(wanted),
  ];
}

async function sosistabContestants(
  wanted: Wanted,
  numbers: readonly number[],
): Promise<Contestant[]> {
  const { carrier, kernel, peers, skip } = wanted;
  const runtimes = await findRuntimes(wanted);
  const original = peers.includes("rust") ? await buildPeer(skip) : undefined;
  const problem = carrier === "udp" || kernel === "default" ? undefined : forbidden(kernel);
  if (problem !== undefined) {
    skip(`skipped: sosistab over TCP ${kernel.toUpperCase()}: ${problem}`);
    return [];
  }
  return numbers.flatMap((shards) => {
    const way = { carrier, kernel, shards };
    const ours = runtimes.map(({ name, run }): Contestant => ({
      name: `sosistab, ${name}${formatWay(way)}`,
      receive: ownReceiver(run, way),
      send: ownSender(run, way),
      // They were set for UDP and one socket.
      ...(carrier === "udp" && shards === 1 ? { floors: "own" as const } : {}),
    }));
    return original === undefined ? ours : [...ours, ...withOriginal(original, runtimes, way)];
  });
}

/** What carries packets, and over how many sockets or connections. */
interface Way {
  readonly carrier: CarrierWord;
  readonly kernel: string;
  readonly shards: number;
}

/** What is not a matter of course: UDP over one socket is. */
function formatWay({ carrier, kernel, shards }: Way): string {
  if (carrier === "udp") return shards > 1 ? `, ${shards} shards` : "";
  return ` over TCP${kernel === "default" ? "" : ` ${kernel.toUpperCase()}`} x ${shards}`;
}

/** Lets the network namespace in which a command runs, and which is its own, go by the way. */
function inKernel({ carrier, kernel }: Way, command: Command): Command {
  if (carrier === "udp" || kernel === "default") return command;
  return ["sh", "-c", `echo "$0" > ${CONGESTION_CONTROL} && exec "$@"`, kernel, ...command];
}

function ownReceiver(run: Command, way: Way): (hostname: string) => Command {
  return (hostname) => inKernel(way, [...run, ENDPOINT, "receive", hostname, way.carrier]);
}

function ownSender(run: Command, way: Way): Contestant["send"] {
  const { carrier, shards } = way;
  return (address, key) =>
    inKernel(way, [...run, ENDPOINT, "send", address, key, carrier, String(shards)]);
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
function withOriginal(program: string, runtimes: readonly Runtime[], way: Way): Contestant[] {
  const { carrier, shards } = way;
  const secretKey = "11".repeat(32);
  const limit = ["--limit", "600"];
  const receive = (hostname: string): Command =>
    inKernel(way, [
      program,
      "server",
      `${hostname}:0`,
      secretKey,
      carrier,
      "mux",
      ...limit,
    ]);
  const send = (address: string, key: string): Command =>
    inKernel(way, [
      program,
      "client",
      address,
      key,
      carrier,
      String(shards),
      "stream",
      "watch 1000000000000",
      ...limit,
    ]);
  return [
    ...runtimes.flatMap(({ name, run }): Contestant[] => [
      {
        name: `sosistab, ${name} → Rust original${formatWay(way)}`,
        receive,
        send: ownSender(run, way),
        ...(carrier === "udp" && shards === 1 ? { floors: "original" as const } : {}),
      },
      {
        name: `Rust original → sosistab, ${name}${formatWay(way)}`,
        receive: ownReceiver(run, way),
        send,
      },
    ]),
    { name: `Rust original${formatWay(way)}`, receive, send },
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

/** @returns Why no network namespace may go by it: there are fewer of these than a program may ask for. */
function forbidden(congestion: string): string | undefined {
  const allowed = readFileSync(ALLOWED_CONTROLS, "utf8").split(/\s/);
  return allowed.includes(congestion) ? undefined : `it is not in ${ALLOWED_CONTROLS}`;
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
