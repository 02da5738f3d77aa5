/**
 * Tests that fail when they leave a socket or a timer behind.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import type { Host } from "../../src/host.ts";
import { countedAlarms } from "./counted_alarms.ts";
import { currentHost, RUNTIME } from "./current_host.ts";
import { delay } from "./delay.ts";

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

/** A host that counts what is open. */
function withLedger(host: Host): { host: Host; ledger: { sockets: number; alarms: number } } {
  const ledger = { sockets: 0, alarms: 0 };
  const counting: Host = {
    ...host,
    setAlarm: countedAlarms(host, (change) => void (ledger.alarms += change)),
    async bindDatagram(address, handler) {
      const socket = await host.bindDatagram(address, handler);
      let isOpen = true;
      ledger.sockets++;
      return {
        addr: socket.addr,
        send: (datagram, to) => socket.send(datagram, to),
        close: () => {
          if (isOpen) ledger.sockets--;
          isOpen = false;
          socket.close();
        },
      };
    },
  };
  return { host: counting, ledger };
}

function activeResources(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => LEAKS.includes(kind)).sort();
}
