/**
 * F-DUP-REORD: packets come twice, late, and in the reverse order.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, listen } from "../../src/adapters/sim.ts";
import type { Session } from "../../src/net/contract.ts";
import { FaultFlow } from "../support/fault_flow.ts";
import { reverser, spoiledHost } from "../support/spoiled_host.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

const PATH = { delay: 15, rate: 50, queue: 1_000 };
const DISORDER = { duplicate: 0.5, reorder: 0.5, reorderDelay: 500 };
const AMOUNT = 3_000_000;
const DATAGRAMS = 5_000;
const BURST = 1_000;
const SEEDS = [1, 2, 3];

/** Longest that a burst is held back, ms: a stream's window may not fill it. */
const HOLD = 200;

async function setUp(seed: number, isReversed: boolean) {
  const pair = new VirtualPair(PATH, seed, { crypto: "none", timers: "coarse" });
  const hosts = [pair.serverHost, pair.clientHost].map((node) =>
    isReversed ? spoiledHost(node, reverser(node, BURST, HOLD)) : node
  );
  const [serverHost, clientHost] = hosts;
  const listener = await listen(serverHost!, {
    port: PORT,
    secretKey: SECRET_KEY,
    freshKey: true,
  });
  const { publicKey: serverKey } = listener;
  const session = await pair.run(
    connect(clientHost!, { hostname: "server", port: PORT, serverKey }),
  );
  const far = await pair.run(listener.accept());
  return { pair, listener, session, far };
}

/** Sends numbered datagrams, and counts how often each comes. */
async function count(pair: VirtualPair, from: Session, to: Session): Promise<number[]> {
  const came = new Array<number>(DATAGRAMS).fill(0);
  void (async () => {
    for (;;) {
      const datagram = await to.receive();
      came[new DataView(datagram.buffer, datagram.byteOffset).getUint32(0)]!++;
    }
  })().catch(() => {});
  for (let number = 0; number < DATAGRAMS; number++) {
    const datagram = new Uint8Array(200);
    new DataView(datagram.buffer).setUint32(0, number);
    from.send(datagram);
    if (number % 5 === 4) await pair.pass(1);
  }
  await pair.pass(2_000);
  return came;
}

for (const isReversed of [false, true]) {
  const what = isReversed
    ? `bursts of up to ${BURST} reversed`
    : "half of all packets twice, half of them up to 500 ms late";
  for (const direction of ["up", "down"] as const) {
    test(`F-DUP-REORD, ${direction}, ${what}: a stream comes exactly once and in order`, async (context) => {
      for (const seed of SEEDS) {
        const { pair, listener, session, far } = await setUp(seed, isReversed);
        const ends = await pair.run(
          Promise.all([session.multiplex().openConn(), far.multiplex().acceptConn()]),
        );
        if (!isReversed) { for (const link of [pair.up, pair.down]) link.change(DISORDER); }
        const [from, to] = direction === "up" ? ends : ends.toReversed();
        const startedAt = pair.now;
        const flow = new FaultFlow(from!, to!, AMOUNT, () => pair.now);
        await pair.run(flow.done, 120_000);
        context.diagnostic(`seed ${seed}: ${((pair.now - startedAt) / 1_000).toFixed(1)} s`);
        await pair.run(listener.close());
      }
    });
  }

  test(`F-DUP-REORD, ${what}: each of ${DATAGRAMS} datagrams comes once`, async () => {
    for (const seed of SEEDS) {
      const { pair, listener, session, far } = await setUp(seed, isReversed);
      if (!isReversed) pair.up.change(DISORDER);
      const came = await count(pair, session, far);
      assert.equal(came.filter((times) => times > 1).length, 0, "more than once");
      assert.equal(came.filter((times) => times === 0).length, 0, "never");
      await pair.run(listener.close());
    }
  });
}
