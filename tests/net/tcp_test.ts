import { test } from "node:test";
import assert from "node:assert/strict";
import type { RelConn } from "../../src/net/contract.ts";
import { readAll, VirtualPair } from "../support/virtual_pair.ts";

const LENGTH = 2_000_000;
const BYTES = Uint8Array.from({ length: LENGTH }, (_, i) => (i * 31 + (i >> 8)) % 251);

async function send(conn: RelConn): Promise<void> {
  await conn.write(BYTES);
  conn.closeWrite();
}

/** Two ends of a stream over TCP. */
async function connsOverTcp(pair: VirtualPair) {
  const { listener, client: near, server: far } = await pair.sessions({ tcp: true, udp: false }, {
    protocol: "tcp",
  });
  const [nearMux, farMux] = [near.multiplex(), far.multiplex()];
  const [client, server] = await pair.run(
    Promise.all([nearMux.openConn(), farMux.acceptConn()]),
  );
  return { listener, near, far, nearMux, farMux, client, server };
}

for (const loss of [0, 0.02]) {
  test(`a multiplex over TCP carries streams both ways, at ${100 * loss} % loss beneath it`, async (context) => {
    const pair = new VirtualPair({ delay: 10, rate: 50, queue: 200, loss });
    const { listener, client, server, nearMux, farMux } = await connsOverTcp(pair);
    const start = pair.now;
    const all = Promise.all([send(client), send(server), readAll(client), readAll(server)]);
    const [, , down, up] = await pair.run(all, 120_000);
    assert.deepEqual(down, BYTES);
    assert.deepEqual(up, BYTES);
    const seconds = (pair.now - start) / 1_000;
    context.diagnostic(`${LENGTH} bytes each way in ${seconds.toFixed(1)} s`);
    for (const mux of [nearMux, farMux]) {
      const { lost, needless, paritySent } = mux.stats();
      context.diagnostic(
        `${lost} taken for lost, ${needless} of them needlessly, ${paritySent} parity`,
      );
      assert.equal(paritySent, 0);
    }
    await pair.run(nearMux.close());
    await pair.run(listener.close());
    await pair.pass(60_000);
    assert.equal(pair.network.openSockets, 0);
  });
}

/**
 * How long a stream over one TCP connection takes at a loss below it, ms: the sum of five seeds, since
 * of two runs one has a time-out more by chance.
 */
async function transferTimes(loss: number, congestion: "lift" | undefined): Promise<number> {
  let sum = 0;
  for (const seed of [1, 2, 3, 4, 5]) sum += await transferTime(loss, congestion, seed);
  return sum;
}

async function transferTime(
  loss: number,
  congestion: "lift" | undefined,
  seed: number,
): Promise<number> {
  const pair = new VirtualPair({ delay: 25, rate: 50, queue: 200, loss }, seed);
  const { client: near, server: far } = await pair.sessions({ tcp: true, udp: false }, {
    protocol: "tcp",
    shards: 1,
  });
  const [nearMux, farMux] = [near.multiplex({ congestion }), far.multiplex()];
  const [conn, farConn] = await pair.run(Promise.all([nearMux.openConn(), farMux.acceptConn()]));
  const start = pair.now;
  await pair.run(Promise.all([send(conn), readAll(farConn)]), 600_000);
  return pair.now - start;
}

test("a multiplex over TCP leaves the rate to TCP, and loses nothing by it", async (context) => {
  for (const [loss, most] of [[0, 1.05], [0.01, 1.05], [0.05, 0.95]] as const) {
    const alone = await transferTimes(loss, undefined);
    const twice = await transferTimes(loss, "lift");
    const part = alone / twice;
    context.diagnostic(
      `${100 * loss} % loss: ${part.toFixed(2)} of the time with a second control on top`,
    );
    assert.ok(part <= most, `${part} at ${loss}`);
  }
});
