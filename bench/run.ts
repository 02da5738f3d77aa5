/**
 * `deno task bench`: what the parts cost on this machine, as ratios in one run.
 *
 * Machines are shared and noisy: compare the figures of one run with one another, and with nothing
 * else.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildPeer } from "../tests/interop/build_peer.ts";
import { findBun, findNode } from "../tests/runner/programs.ts";
import { RustPeer } from "../tests/support/rust_peer.ts";

const MEASURE = fileURLToPath(new URL("measure.ts", import.meta.url));
const SECRET_KEY = new Uint8Array(32).fill(7);
const BULK = 40_000_000;
const ROUNDS = 3;

interface Runtime {
  readonly name: string;
  readonly command: readonly string[];
}
type Figures = Record<string, number>;

const runtimes = await findRuntimes();
console.log(`runtimes: ${runtimes.map(({ name }) => name).join(", ")}\n`);

console.log("seal and open of 1200 bytes, time against noble's bare call (below 1: faster)");
for (const runtime of runtimes) {
  const { seal, seal_noble, open, open_noble } = await measure(runtime, "aead");
  row(runtime.name, [
    ["seal", ratio(seal, seal_noble)],
    ["open", ratio(open, open_noble)],
    ["seal us", seal!.toFixed(1)],
    ["open us", open!.toFixed(1)],
  ]);
}

console.log("\nhandshakes, client and server in one thread");
for (const runtime of runtimes) {
  row(runtime.name, [["a second", String((await measure(runtime, "handshakes")).handshakes_s)]]);
}

console.log("\nmemory of 1,000 idle sessions with a multiplex, both ends in one process");
for (const runtime of runtimes) {
  row(runtime.name, [[
    "KB a pair of ends",
    String((await measure(runtime, "memory")).kb_per_pair),
  ]]);
}

console.log(`\n${BULK / 1e6} MB over one stream on loopback, Mbit/s, median of ${ROUNDS}`);
const peer = await buildPeer(console.log);
const bulk = new Map<string, { down: number[]; up: number[] }>();
for (let i = 0; i < ROUNDS; i++) {
  if (peer !== undefined) note("Rust original", await bulkOfOriginal(peer));
  for (const runtime of runtimes) note(runtime.name, await bulkOf(runtime));
}
const original = bulk.get("Rust original");
for (const [name, { down, up }] of bulk) {
  row(name, [
    ["down", String(median(down))],
    ["up", String(median(up))],
    ...(original === undefined ? [] : [
      ["down / original", ratio(median(down), median(original.down))] as const,
      ["up / original", ratio(median(up), median(original.up))] as const,
    ]),
  ]);
}

async function findRuntimes(): Promise<Runtime[]> {
  const found: Runtime[] = [
    {
      name: "deno",
      command: [Deno.execPath(), "run", "-A", "--no-check", "--v8-flags=--expose-gc"],
    },
  ];
  for (
    const [name, find, flags] of [["bun", findBun, []], ["node", findNode, [
      "--expose-gc",
    ]]] as const
  ) {
    const program = await find();
    if (program.kind === "missing") console.log(`skipped: ${name}: ${program.reason}`);
    else found.push({ name, command: [program.path, ...flags] });
  }
  return found;
}

/** Starts a measurement; `line` settles with what it prints first. */
function start({ name, command }: Runtime, args: readonly string[]) {
  const [program = "", ...flags] = command;
  const child = spawn(program, [...flags, MEASURE, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const line = new Promise<Figures>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (text) => resolve(JSON.parse(text)));
    child.on("exit", (code) => reject(new Error(`${name} ${args.join(" ")} ended with ${code}`)));
  });
  return { child, line };
}

function measure(runtime: Runtime, what: string): Promise<Figures> {
  return start(runtime, [what]).line;
}

async function bulkOf(runtime: Runtime): Promise<Figures> {
  const server = start(runtime, ["server"]);
  try {
    const { port } = await server.line;
    return await start(runtime, ["client", String(port)]).line;
  } finally {
    server.line.catch(() => {});
    server.child.stdin.end();
  }
}

async function bulkOfOriginal(program: string): Promise<Figures> {
  const { peer: server, addr, publicKey } = await RustPeer.server(program, {
    secretKey: SECRET_KEY,
  });
  const serverKey = Uint8Array.from(publicKey.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  const speed = async (verb: string) => {
    const client = RustPeer.client(program, { server: addr, serverKey, action: [verb, BULK] });
    const { seconds } = await client.event("done", 60_000);
    await client.stop();
    return Math.round(BULK * 8 / 1e6 / Number(seconds));
  };
  try {
    return { down: await speed("download"), up: await speed("upload") };
  } finally {
    await server.stop();
  }
}

function note(name: string, { down, up }: Figures): void {
  const entry = bulk.get(name) ?? { down: [], up: [] };
  entry.down.push(down!);
  entry.up.push(up!);
  bulk.set(name, entry);
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1]!;
}

function ratio(a: number | undefined, b: number | undefined): string {
  return ((a ?? NaN) / (b ?? NaN)).toFixed(2);
}

function row(name: string, cells: readonly (readonly [string, string])[]): void {
  const text = cells.map(([label, value]) => `${label} ${value.padStart(6)}`).join("   ");
  console.log(`  ${name.padEnd(14)} ${text}`);
}

process.exit(0);
