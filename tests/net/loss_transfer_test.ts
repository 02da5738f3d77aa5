import { test } from "node:test";
import assert from "node:assert/strict";
import { FaultFlow } from "../support/fault_flow.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-LOSS-XFER: a stream where packets get lost in both directions. Times in ms. */
const PATH = { delay: 20, rate: 20, queue: 100 };
const MINUTE = 60_000;

/** What is written, bytes, and within what time it must have arrived. */
const ROWS = [
  { loss: 0.02, amount: 10_000_000, most: MINUTE },
  { loss: 0.1, amount: 10_000_000, most: MINUTE },
  { loss: 0.3, amount: 10_000_000, most: 2 * MINUTE },
  { loss: 0.6, amount: 1_000_000, most: 2 * MINUTE },
];

for (const { loss, amount, most } of ROWS) {
  for (const direction of ["up", "down"] as const) {
    test(`F-LOSS-XFER, ${direction}: ${amount / 1e6} MB arrive whole at ${100 * loss} % loss within ${most / 1_000} s`, async (context) => {
      const pair = new VirtualPair(PATH, 1, { crypto: "none", timers: "coarse" });
      const { listener, client, server } = await pair.conns();
      pair.up.change({ loss });
      pair.down.change({ loss });
      const [from, to] = direction === "up" ? [client, server] : [server, client];
      const startedAt = pair.now;
      // It compares each byte.
      const flow = new FaultFlow(from, to, amount, () => pair.now);
      await pair.run(flow.done, most);
      context.diagnostic(`${((pair.now - startedAt) / 1_000).toFixed(1)} s`);
      await pair.run(listener.close());
    });
  }
}

test("FaultFlow sees a byte that is wrong", async () => {
  const pair = new VirtualPair(PATH, 1, { crypto: "none" });
  const { listener, client, server } = await pair.conns();
  const { read } = server;
  let isFirst = true;
  server.read = async (...args) => {
    const count = await read.apply(server, args);
    if (isFirst) args[0][0]! ^= 1;
    isFirst = false;
    return count;
  };
  const flow = new FaultFlow(client, server, 100_000, () => pair.now);
  await assert.rejects(pair.run(flow.done), /byte 0 is wrong/);
  await pair.run(listener.close());
});
