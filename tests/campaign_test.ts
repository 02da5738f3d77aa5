import { test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { FAULT_KINDS } from "./campaign/faults.ts";
import { runSeed } from "./campaign/run_scenario.ts";
import { Tally } from "./campaign/tally.ts";
import { RUNTIME } from "./support/current_host.ts";

/**
 * Scenarios: all of them on one runtime. The core is the same everywhere, and so is a run, to the byte;
 * on the others a few show that it is.
 */
const SCENARIOS = RUNTIME === "deno" ? 200 : 6;

/** `deno task campaign` draws others. */
const FIRST_SEED = 1;

/** What a program can do, and what becomes of it: each must have happened. */
const OPERATIONS = [
  "accept",
  "acceptConn",
  "close",
  "close a multiplex of the client",
  "close a multiplex of the server",
  "close a session of the client",
  "close a session of the server",
  "closeWrite",
  "connect over tcp",
  "connect over udp",
  "kill the server",
  "openConn",
  "openConn aborted",
  "read aborted",
  "read readable to the end",
  "read the end",
  "readable cancelled",
  "receive",
  "receive aborted",
  "receiveUrel",
  "receiveUrel with a signal",
  "refresh",
  "refused",
  "replaceSession",
  "reset",
  "restart the server",
  "send dropped",
  "send sent",
  "sendUrel dropped",
  "sendUrel sent",
  "writable aborted",
  "writable closed",
  "write",
  "write aborted",
  "write with a signal",
];

const ENDS = [
  "stream ended: local in order",
  "stream ended: remote reset",
  "stream ended: timeout connection-lost",
  "stream ended: error session-lost",
  "stream ended: remote goodbye",
  "multiplex ended: local in order",
  "multiplex ended: remote in order",
  "multiplex ended: timeout connection-lost",
  "multiplex ended: timeout idle-timeout",
  "session ended: local in order",
  "session ended: remote in order",
  "calm: a client connects",
  "calm: a multiplex is alive",
  "calm: a multiplex has ended",
];

test(`a campaign of ${SCENARIOS} random scenarios: everything arrives once and in order, nothing hangs, nothing is left`, async (context) => {
  const [tally, before] = [new Tally(), process.cpuUsage()];
  for (let i = 0; i < SCENARIOS; i++) tally.addAll((await runSeed(FIRST_SEED + i)).tally);
  const { user, system } = process.cpuUsage(before);
  const time = (user + system) / 1_000 / SCENARIOS;
  context.diagnostic(`${time.toFixed(0)} ms of processor time for each\n${tally}`);
  if (SCENARIOS < 200) return context.diagnostic("whether each kind occurs is seen on Deno alone");
  const faults = FAULT_KINDS.map((kind) => `fault: ${kind}`);
  const operations = OPERATIONS.map((what) => `operation: ${what}`);
  const missing = [...faults, ...operations, ...ENDS].filter((name) => tally.count(name) === 0);
  assert.deepEqual(missing, [], "what a campaign never does it does not test");
});

test("a scenario is the same each time, to the byte", async () => {
  for (const seed of [3, 16]) {
    const [first, second] = [await runSeed(seed), await runSeed(seed)];
    assert.equal(first.traceHash, second.traceHash);
    assert.equal(first.tally.toString(), second.tally.toString());
  }
});
