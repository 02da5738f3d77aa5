/**
 * Tests that fail when they leave a socket or a timer behind.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import type { Host } from "../../src/host.ts";
import { currentHost, RUNTIME } from "./current_host.ts";
import { delay } from "./delay.ts";
import { withLedger } from "./host_ledger.ts";

/** What keeps a process alive, as Node names it. Bun's list is always empty. */
const LEAKS = ["UDPWrap", "TCPSocketWrap", "TCPServerWrap", "Timeout", "Immediate"];

/** Time for handles to be given back to the system, ms. */
const GRACE = 50;

/**
 * Registers a test. The host that it gets keeps a ledger of what it hands out, which must be even in
 * the end; Deno's sanitizers and Node's list of active resources are asked as well.
 */
export function testWithoutLeaks(name: string, run: (host: Host) => Promise<void>): void {
  const body = async () => {
    const before = activeResources();
    const { host, ledger } = withLedger(await currentHost());
    await run(host);
    assert.deepEqual(ledger, { sockets: 0, alarms: 0 });
    await delay(GRACE);
    assert.deepEqual(activeResources(), before);
  };
  if (RUNTIME === "deno") {
    Deno.test({ name, fn: body, sanitizeOps: true, sanitizeResources: true });
  } else test(name, body);
}

function activeResources(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => LEAKS.includes(kind)).sort();
}
