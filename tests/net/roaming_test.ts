import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import type { RelConn } from "../../src/net/contract.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-REBIND: a round trip of 30 ms. */
const RTT = 30;
const PATH = { delay: RTT / 2, rate: 20, queue: 100 };
const AMOUNT = 10_000_000;

/** What must be kept: a stall, ms, in the middle and at the worst. */
const MOST_STALL = 3 * RTT + 50;
const WORST_STALL = 300;

/** A transfer during which the client's address changes; returns how long nothing came after each change. */
async function transferWith(
  direction: "up" | "down",
  change: (pair: VirtualPair) => void,
  changes: { first: number; every: number },
): Promise<{ stalls: number[]; handshakes: number }> {
  const pair = new VirtualPair(PATH, 7);
  const { listener, client, server } = await pair.conns("");
  const [from, to] = direction === "up" ? [client, server] : [server, client];
  // The opener's first message opens the stream at the other end.
  const start = pair.now;
  const arrivals: number[] = [];
  const changedAt: number[] = [];
  let isOver = false;
  const next = (at: number) =>
    pair.network.at(at, () => {
      if (isOver) return;
      changedAt.push(pair.now);
      change(pair);
      next(at + changes.every);
    });
  next(start + changes.first);
  const sending = from.write(new Uint8Array(AMOUNT).fill(7)).then(() => from.closeWrite());
  const total = await pair.run(read(to, () => arrivals.push(pair.now)), 120_000);
  isOver = true;
  await pair.run(sending);
  assert.equal(total, AMOUNT);
  // What was under way still comes: the stall is the longest gap of the second after the change.
  const stalls = changedAt.filter((at) => at + 1_000 < arrivals.at(-1)!).map((at) => {
    const times = [at, ...arrivals.filter((time) => time > at && time < at + 1_000)];
    return Math.max(...times.map((time, i) => (times[i + 1] ?? at + 1_000) - time));
  });
  const { handshakes } = listener.stats();
  await pair.run(listener.close());
  return { stalls, handshakes };
}

async function read(conn: RelConn, onData: () => void): Promise<number> {
  const into = new Uint8Array(65_536);
  let total = 0;
  for (;;) {
    const length = await conn.read(into);
    if (length === null) return total;
    total += length;
    onData();
  }
}

function report(context: TestContext, stalls: readonly number[]): void {
  const sorted = [...stalls].sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1] ?? 0;
  const worst = sorted.at(-1) ?? 0;
  context.diagnostic(
    `${stalls.length} changes: nothing came for ${middle.toFixed(0)} ms in the median, ${
      worst.toFixed(0)
    } at the worst`,
  );
  assert.ok(stalls.length > 0);
  assert.ok(middle <= MOST_STALL, `${middle} ms in the median`);
  assert.ok(worst <= WORST_STALL, `${worst} ms at the worst`);
}

const CHANGES = {
  "port changes": (pair: VirtualPair) => pair.clientHost.rebind(),
  "address changes": (pair: VirtualPair) => void pair.clientHost.roam(),
};

for (const direction of ["up", "down"] as const) {
  for (const [what, change] of Object.entries(CHANGES)) {
    for (const every of [1_000, 5_000]) {
      test(`L6, F-REBIND, ${direction}: the client's ${what} after 1 s and then every ${every / 1000} s`, async (context) => {
        const { stalls, handshakes } = await transferWith(direction, change, {
          first: 1_000,
          every,
        });
        assert.equal(handshakes, 1);
        report(context, stalls);
      });
    }
  }
}
