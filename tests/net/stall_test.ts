/**
 * F-STALL: the event loop of each end stands still for 2 s in every 10 s.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { FaultFlow } from "../support/fault_flow.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const PATH = { delay: 20, rate: 3, queue: 100 };
const AMOUNT = 8_000_000;
const EVERY = 10_000;
const STALL = 2_000;
const SEEDS = [1, 2];

/** Packets that may be sent besides those that a loop without stalls needs. */
const MOST_EXTRA = 0.1;

/** Carries all of it; tells how many packets both ends have sent for it, and how long it took, ms. */
async function carry(direction: "up" | "down", seed: number, stalls: boolean) {
  const pair = new VirtualPair(PATH, seed, { crypto: "none", timers: "coarse" });
  // Less than the idle time between stalls, and more than one of them.
  const { listener, client, server, clientMux, serverMux } = await pair.conns("", STALL + 1_000);
  const [from, to] = direction === "up" ? [client, server] : [server, client];
  const startedAt = pair.now;
  const flow = new FaultFlow(from, to, AMOUNT, () => pair.now);
  let isOver = false;
  const stallLater = (at: number, end: "clientHost" | "serverHost") => {
    pair.network.at(at, () => {
      if (isOver) return;
      pair[end].stall(STALL);
      stallLater(at + EVERY, end);
    });
  };
  if (stalls) {
    stallLater(startedAt + 3_000, "clientHost");
    stallLater(startedAt + 8_000, "serverHost");
  }
  await pair.run(flow.done, 300_000);
  isOver = true;
  const time = pair.now - startedAt;
  const ends = await pair.run(Promise.race([
    Promise.all([clientMux.closed, serverMux.closed]),
    pair.pass(STALL).then(() => []),
  ]));
  assert.deepEqual(ends, [], "somebody was taken for dead");
  const packets = pair.up.counts.sent + pair.down.counts.sent;
  await pair.run(listener.close());
  return { packets, time };
}

for (const direction of ["up", "down"] as const) {
  test(`F-STALL, ${direction}: each event loop stands still for ${STALL} ms every ${EVERY} ms: nobody is taken for dead, and few packets are sent in vain`, async (context) => {
    for (const seed of SEEDS) {
      const usual = await carry(direction, seed, false);
      const stalled = await carry(direction, seed, true);
      const extra = stalled.packets / usual.packets - 1;
      const times = [usual, stalled].map(({ time }) => (time / 1_000).toFixed(1));
      context.diagnostic(
        `seed ${seed}: ${(100 * extra).toFixed(1)} % more packets, ${times[1]} s instead of ${
          times[0]
        } s`,
      );
      assert.ok(extra <= MOST_EXTRA, `${extra}`);
    }
  });
}
