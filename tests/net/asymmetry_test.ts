import { test } from "node:test";
import assert from "node:assert/strict";
import { FaultFlow } from "../support/fault_flow.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-ASYM: a path that fails in one direction alone. Times in ms. */
const RTT = 40;
const PATH = { delay: RTT / 2, rate: 20, queue: 100 };
const AMOUNT = 3_000_000;
const BREAK_AT = 500;
const OFF = 10_000;
const SEEDS = [1, 2, 3];

/** It is a matter of luck which acknowledgements come through. */
const LUCK_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

/** How soon data must flow again. */
const MOST_WAIT = RTT + 500;

/** The share of the clean rate that must be kept without most acknowledgements, and their loss. */
const LEAST_SHARE = 0.05;
const ACK_LOSS = 0.9;

async function startFlow(direction: "up" | "down", seed: number) {
  const pair = new VirtualPair(PATH, seed, { crypto: "none", timers: "coarse" });
  const { listener, client, server } = await pair.conns();
  const [from, to] = direction === "up" ? [client, server] : [server, client];
  return { pair, listener, start: () => new FaultFlow(from, to, AMOUNT, () => pair.now) };
}

for (const direction of ["up", "down"] as const) {
  for (const lost of ["up", "down"] as const) {
    test(`F-ASYM, ${direction}: everything on the way ${lost} is lost for ${OFF / 1_000} s`, async (context) => {
      for (const seed of SEEDS) {
        const { pair, listener, start } = await startFlow(direction, seed);
        const flow = start();
        await pair.pass(BREAK_AT);
        pair[lost].change({ isDown: true });
        await pair.pass(OFF);
        assert.ok(flow.total < AMOUNT);
        pair[lost].change({ isDown: false });
        const backAt = pair.now;
        await pair.run(flow.done, 60_000);
        const wait = flow.timeUntil(1, backAt);
        context.diagnostic(`seed ${seed}: data flows again after ${wait.toFixed(0)} ms`);
        assert.ok(wait <= MOST_WAIT, `${wait} ms`);
        await pair.run(listener.close());
      }
    });
  }

  test(`F-ASYM, ${direction}: ${100 * ACK_LOSS} % of what comes back is lost`, async (context) => {
    const times = [0, 0];
    let worst = 1;
    for (const seed of LUCK_SEEDS) {
      const [clean = NaN, lossy = NaN] = await Promise.all([0, ACK_LOSS].map(async (loss, i) => {
        const { pair, listener, start } = await startFlow(direction, seed);
        pair[direction === "up" ? "down" : "up"].change({ loss });
        const [flow, startedAt] = [start(), pair.now];
        await pair.run(flow.done, 240_000);
        const time = pair.now - startedAt;
        times[i]! += time;
        await pair.run(listener.close());
        return time;
      }));
      const texts = [clean, lossy].map((time) => (time / 1_000).toFixed(1));
      context.diagnostic(`seed ${seed}: ${texts[1]} s instead of ${texts[0]} s`);
      worst = Math.min(worst, clean / lossy);
    }
    const share = times[0]! / times[1]!;
    const percents = [share, worst].map((each) => (100 * each).toFixed(1));
    context.diagnostic(`${percents[0]} % of the clean rate, at the worst ${percents[1]} %`);
    assert.ok(share >= LEAST_SHARE);
  });
}
