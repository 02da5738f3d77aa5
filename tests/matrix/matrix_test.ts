/**
 * Every runtime as client with every runtime as server, over each carrier.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { patternSha256 } from "../support/pattern.ts";

const PEER = fileURLToPath(new URL("peer.ts", import.meta.url));
const BYTES = 5_000_000;
const MESSAGES = 1_000;

/** Unreliable messages may get lost even here; hardly any does. */
const LEAST_MESSAGES = 990;

const TIMEOUT = 60_000;

const RUNTIMES = {
  deno: [process.env.SOSISTAB_DENO, ["run", "-A", "--no-check"]],
  bun: [process.env.SOSISTAB_BUN, []],
  node: [process.env.SOSISTAB_NODE, []],
} as const;
type Runtime = keyof typeof RUNTIMES;
const NAMES = Object.keys(RUNTIMES) as Runtime[];

/** Starts an end; `line` settles with the first line that it says. */
function start(runtime: Runtime, args: readonly string[]) {
  const [command, flags] = RUNTIMES[runtime];
  assert.ok(command);
  const child = spawn(command, [...flags, PEER, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaint += text);
  const line = new Promise<Record<string, unknown>>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${runtime} says nothing`)), TIMEOUT);
    createInterface({ input: child.stdout }).on("line", (text) => {
      clearTimeout(timer);
      resolve(JSON.parse(text));
    });
    child.on("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`${runtime} ended with ${code}: ${complaint}`));
    });
  });
  return { child, line };
}

function meet(server: Runtime, client: Runtime, carrier: string): void {
  const missing = [server, client].find((name) => RUNTIMES[name][0] === undefined);
  const skip = missing !== undefined && `${missing} is not on this machine`;
  const title =
    `${client} to ${server} over ${carrier}: 5 MB both ways and 1,000 unreliable messages`;
  test(title, { skip }, async (t) => {
    const far = start(server, ["server", carrier]);
    t.after(() => far.child.kill());
    const near = start(client, ["client", carrier, String((await far.line).port)]);
    t.after(() => near.child.kill());
    const { runtime, down, up, messages } = await near.line;
    assert.equal(runtime, client);
    for (const result of [down, up] as { bytes: number; good: boolean; sha256: string }[]) {
      assert.deepEqual([result.bytes, result.good], [BYTES, true]);
      assert.equal(result.sha256, patternSha256(BYTES));
    }
    assert.ok(
      Number(messages) >= LEAST_MESSAGES,
      `${messages} of ${MESSAGES} messages came back`,
    );
  });
}

for (const carrier of ["udp", "tcp", "tls"]) {
  for (const server of NAMES) {
    for (const client of NAMES) meet(server, client, carrier);
  }
}
