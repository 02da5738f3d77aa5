import { test } from "node:test";
import assert from "node:assert/strict";
import { FaultFlow } from "../support/fault_flow.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** A NAT that forgets a client in the middle of a transfer, on a path with other faults. Times in ms. */
const RTT = 30;
const PATH = { delay: RTT / 2, rate: 20, queue: 100 };
const AMOUNT = 3_000_000;
const SEEDS = 20;

/** When the NAT forgets, and how often. */
const FIRST = 500;
const INTERVAL = 1_000;

/** How long the path is off when it forgets. */
const OFF = 1_000;

for (const direction of ["up", "down"] as const) {
  for (const off of [0, OFF]) {
    const what = off > 0 ? `, with ${off / 1_000} s of blackout each time` : "";
    test(`F-REBIND, ${direction}, at 5 % loss${what}: no stream is lost`, async (context) => {
      const stalls: number[] = [];
      for (let seed = 1; seed <= SEEDS; seed++) {
        const pair = new VirtualPair({ ...PATH, loss: 0.05 }, seed, { crypto: "none" });
        const { listener, client, server } = await pair.conns();
        const [from, to] = direction === "up" ? [client, server] : [server, client];
        const flow = new FaultFlow(from, to, AMOUNT, () => pair.now);
        const rebindings: number[] = [];
        let isOver = false;
        const next = (at: number) => {
          pair.network.at(at, () => {
            if (isOver) return;
            pair.clientHost.rebind();
            if (off > 0) pair.blackout(true);
          });
          pair.network.at(at + off, () => {
            pair.blackout(false);
            if (isOver) return;
            rebindings.push(pair.now);
            next(pair.now + INTERVAL);
          });
        };
        next(pair.now + FIRST);
        await pair.run(flow.done, 120_000);
        isOver = true;
        const endAt = flow.arrivals.at(-1)!.at;
        for (const at of rebindings) {
          if (at < endAt) stalls.push(flow.longestGap(at, Math.min(endAt, at + INTERVAL)));
        }
        assert.equal(listener.stats().sessionsOpen, 1);
        await pair.run(listener.close());
      }
      stalls.sort((a, b) => a - b);
      const at = (share: number) => stalls[Math.floor(share * (stalls.length - 1))]!.toFixed(0);
      context.diagnostic(
        `${stalls.length} rebindings: nothing came for ${at(0.5)} ms in the median, ${
          at(0.99)
        } at the 99th percentile, ${at(1)} at the worst`,
      );
      assert.ok(stalls.length >= SEEDS);
    });
  }
}
