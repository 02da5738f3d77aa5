import { test } from "node:test";
import assert from "node:assert/strict";
import { AutoFlow } from "../support/auto_flow.ts";
import { testEachSeed } from "../support/each_seed.ts";

/** After so long, ms, TCP must be in use for good. */
const MOST_WAIT = 3_000;
const PATH = { delay: 15, rate: 20, queue: 100 };
/** What either carrier brings on that path, at the least, Mbit/s, once it has found its rate. */
const FULL = 12;
/**
 * How long it may take to find it, ms, and how long it is measured: a time-out of TCP is a second
 * without data, and shall not decide.
 */
const SETTLING = 2_000;
const MEASURED = 8_000;

async function fullRate(flow: AutoFlow): Promise<number> {
  await flow.goodput(SETTLING);
  const rate = await flow.goodput(MEASURED);
  assert.ok(rate > FULL, `${rate} Mbit/s`);
  return rate;
}

const THROTTLES = [
  { what: "100 kbit/s, with a short queue", rate: 0.1, queue: 10 },
  { what: "100 kbit/s, with a long queue", rate: 0.1, queue: 100 },
  { what: "0.5 Mbit/s, with a short queue", rate: 0.5, queue: 10 },
  { what: "0.5 Mbit/s, with a long queue", rate: 0.5, queue: 100 },
];

for (const { what, ...throttle } of THROTTLES) {
  for (const direction of ["up", "down"] as const) {
    testEachSeed({
      name: `auto: UDP alone is throttled to ${what}, data going ${direction}`,
      file: import.meta.url,
      seeds: 2,
      async run(seed, context) {
        const flow = await AutoFlow.start(direction, PATH, seed);
        await fullRate(flow);
        flow.throttle(throttle);
        const took = await flow.untilMoved("tcp", 10_000);
        assert.equal(flow.near.stats().carrierReason, "TCP is faster than UDP here");
        const rate = await fullRate(flow);
        context.diagnostic(
          `over TCP for good after ${took.toFixed(0)} ms, then ${rate.toFixed(1)} Mbit/s`,
        );
        assert.ok(took <= MOST_WAIT, `${took}`);
      },
    });
  }
}

testEachSeed({
  name: "auto: within 3 s of a throttle as much arrives as over TCP, while the trial still runs",
  file: import.meta.url,
  seeds: 3,
  async run(seed, context) {
    const flow = await AutoFlow.start("down", PATH, seed);
    await flow.goodput(4_000);
    flow.throttle({ rate: 0.5, queue: 100 });
    let waited = 0;
    while (await flow.goodput(250) < FULL / 2 || waited < 500) waited += 250;
    context.diagnostic(`full again within ${waited + 250} ms`);
    assert.ok(waited + 250 <= MOST_WAIT);
  },
});

for (const direction of ["up", "down"] as const) {
  test(`auto: half of the datagrams are lost, and nothing of TCP, data going ${direction}`, async (context) => {
    const flow = await AutoFlow.start(direction, PATH, 1);
    await flow.goodput(4_000);
    flow.throttle({ rate: 20, queue: 100, loss: 0.5 });
    const took = await flow.untilMoved("tcp", 10_000);
    const rate = await fullRate(flow);
    context.diagnostic(`over TCP after ${took.toFixed(0)} ms, then ${rate.toFixed(1)} Mbit/s`);
  });
}

test("auto: UDP is throttled from the start", async (context) => {
  const flow = await AutoFlow.start("down", PATH, 1, { rate: 0.5, queue: 50 });
  const took = await flow.untilMoved("tcp", 10_000);
  context.diagnostic(`over TCP for good after ${took.toFixed(0)} ms`);
  await fullRate(flow);
});

test("auto: when the throttle is gone UDP is used again, and not before", async (context) => {
  const flow = await AutoFlow.start("down", PATH, 1);
  await flow.goodput(4_000);
  flow.throttle({ rate: 0.5, queue: 50 });
  await flow.untilMoved("tcp", 10_000);
  const rates: number[] = [];
  for (let second = 0; second < 120; second++) {
    rates.push(await flow.goodput(1_000));
    const { carrier, carrierReason } = flow.near.stats();
    assert.ok(carrier === "tcp" || carrierReason === "it is on trial");
  }
  const slow = rates.filter((rate) => rate < FULL / 2).length;
  context.diagnostic(`${slow} of 120 s were slow, for trials of UDP`);
  assert.ok(slow <= 6, `${slow}`);
  flow.throttle({});
  const took = await flow.untilMoved("udp", 200_000);
  context.diagnostic(`over UDP again ${(took / 1_000).toFixed(0)} s after the throttle was gone`);
  assert.equal(flow.near.stats().carrierReason, "UDP works again");
  await fullRate(flow);
});

const INNOCENT = [
  { what: "a slow path", conditions: { delay: 25, rate: 2, queue: 50 }, least: 1.6 },
  {
    what: "a slow path with a long queue",
    conditions: { delay: 25, rate: 2, queue: 300 },
    least: 1.6,
  },
  { what: "a very slow path", conditions: { delay: 50, rate: 0.3, queue: 30 }, least: 0.2 },
  { what: "20 % loss", conditions: { delay: 25, rate: 10, queue: 100, loss: 0.2 }, least: 4 },
  {
    what: "20 % loss on a slow path",
    conditions: { delay: 25, rate: 2, queue: 50, loss: 0.2 },
    least: 1,
  },
];

for (const { what, conditions, least } of INNOCENT) {
  test(`auto: ten minutes on ${what}: at most 3 trials, and UDP stays`, async (context) => {
    const flow = await AutoFlow.start("down", conditions, 1);
    let slowest = Infinity;
    for (let minute = 0; minute < 10; minute++) {
      slowest = Math.min(slowest, await flow.goodput(60_000));
    }
    const { carrier, carrierReason } = flow.near.stats();
    context.diagnostic(
      `${flow.connections} trials; ${slowest.toFixed(2)} Mbit/s in the slowest minute`,
    );
    assert.deepEqual([carrier, carrierReason], ["udp", "it answered first"]);
    assert.ok(flow.connections <= 3, `${flow.connections}`);
    assert.ok(slowest >= least, `${slowest}`);
  });
}
