import { test } from "node:test";
import assert from "node:assert/strict";
import type { Connector } from "../../src/transport/connector.ts";
import { FaultFlow } from "../support/fault_flow.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-TCP-CUT: what is done to the byte streams beneath a session. Times in ms. */
const PATH = { delay: 20, rate: 20, queue: 100 };
const AMOUNT = 8_000_000;
const CUT_INTERVAL = 1_000;
const STALL = 10_000;
const SEEDS = [1, 2, 3];

/** A stream over TCP in use, both ways. */
async function startFlows(
  seed: number,
  amount: number,
  connector?: (pair: VirtualPair) => Connector,
) {
  const pair = new VirtualPair(PATH, seed, { crypto: "none", timers: "coarse" });
  const { listener, client, server } = await pair.sessions({ tcp: true, udp: false }, {
    protocol: "tcp",
    ...(connector === undefined ? {} : { connector: connector(pair) }),
  });
  const [near, far] = [client.multiplex(), server.multiplex()];
  const [conn, other] = await pair.run(Promise.all([near.openConn(), far.acceptConn()]));
  const now = () => pair.now;
  const flows = [new FaultFlow(conn, other, amount, now), new FaultFlow(other, conn, amount, now)];
  return { pair, listener, near, flows, done: Promise.all(flows.map(({ done }) => done)) };
}

test(`F-TCP-CUT: every connection is cut every ${CUT_INTERVAL / 1_000} s`, async (context) => {
  for (const seed of SEEDS) {
    const { pair, listener, near, flows, done } = await startFlows(seed, AMOUNT);
    const startedAt = pair.now;
    let cuts = 0;
    let isOver = false;
    const cut = () => {
      if (isOver) return;
      cuts++;
      pair.clientHost.cutStreams();
      pair.network.at(pair.now + CUT_INTERVAL, cut);
    };
    pair.network.at(pair.now + CUT_INTERVAL, cut);
    await pair.run(done, 120_000);
    isOver = true;
    const gaps = flows.map((flow) => flow.longestGap(startedAt, flow.arrivals.at(-1)!.at));
    context.diagnostic(
      `seed ${seed}: ${AMOUNT} bytes each way in ${
        ((pair.now - startedAt) / 1_000).toFixed(1)
      } s, ${cuts} cuts, nothing came for ${Math.max(...gaps).toFixed(0)} ms at the most`,
    );
    assert.ok(cuts >= 3);
    assert.equal(listener.stats().sessionsOpen, 1);
    await pair.run(near.close());
    await pair.run(listener.close());
    await pair.pass(60_000);
    assert.equal(pair.network.openSockets, 0);
  }
});

for (const end of ["client", "server"] as const) {
  test(`F-TCP-CUT: the ${end} takes nothing for ${STALL / 1_000} s, and its window closes`, async (context) => {
    for (const seed of SEEDS) {
      const { pair, listener, near, flows, done } = await startFlows(seed, AMOUNT);
      await pair.pass(500);
      pair[end === "client" ? "clientHost" : "serverHost"].stall(STALL);
      await pair.pass(STALL);
      const backAt = pair.now;
      assert.ok(flows.every(({ total }) => total < AMOUNT));
      await pair.run(done, 120_000);
      const waits = flows.map((flow) => flow.timeUntil(1, backAt).toFixed(0));
      context.diagnostic(`seed ${seed}: bytes came ${waits.join(" and ")} ms after the stall`);
      assert.equal(listener.stats().sessionsOpen, 1);
      await pair.run(near.close());
      await pair.run(listener.close());
    }
  });
}

/** Gives single bytes in both directions, whatever they came in. */
function singleBytes(): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      for (let i = 0; i < chunk.length; i++) controller.enqueue(chunk.slice(i, i + 1));
    },
  });
}

test("F-TCP-CUT: bytes come and go one by one", async () => {
  const { pair, listener, near, done } = await startFlows(
    1,
    20_000,
    ({ clientHost }) => async (address) => {
      const [hostname] = await clientHost.resolve!(address.hostname);
      const stream = await clientHost.connectStream({
        ...address,
        hostname: hostname!,
      });
      const out = singleBytes();
      void out.readable.pipeTo(stream.writable).catch(() => {});
      return {
        readable: stream.readable.pipeThrough(singleBytes()),
        writable: out.writable,
        close: () => stream.close(),
      };
    },
  );
  await pair.run(done, 120_000);
  await pair.run(near.close());
  await pair.run(listener.close());
});
