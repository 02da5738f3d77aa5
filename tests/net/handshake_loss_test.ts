/**
 * F-LOSS-HS: connecting where packets get lost in both directions. The Diffie-Hellman is a toy, because
 * there are hundreds of handshakes; all else is as it is.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, listen } from "../../src/adapters/sim.ts";
import type { SimulatedNode } from "../../src/adapters/sim.ts";
import { ToyX25519 } from "../support/toy_x25519.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

const RTT = 30;
const RUNS = 200;

/** By loss: the most that the median, and the 99th of 100, may take, ms. */
const TARGETS = [
  { loss: 0, median: RTT + 30, worst: RTT + 30 },
  { loss: 0.1, median: 600, worst: 4_000 },
  { loss: 0.2, median: 600, worst: 4_000 },
  { loss: 0.3, median: 600, worst: 4_000 },
  { loss: 0.4, median: 4_000, worst: 20_000 },
  { loss: 0.5, median: 4_000, worst: 20_000 },
  { loss: 0.6, median: 4_000, worst: 20_000 },
];

const withToy = (node: SimulatedNode) => ({ ...node, x25519: new ToyX25519(node.random) });

/** How long connecting takes, ms. */
async function handshake(loss: number, seed: number): Promise<number> {
  const options = { timers: "coarse", crypto: "none" } as const;
  const pair = new VirtualPair({ delay: RTT / 2, loss }, seed, options);
  const listener = await listen(withToy(pair.serverHost), {
    port: PORT,
    secretKey: SECRET_KEY,
    freshKey: true,
  });
  const { publicKey: serverKey } = listener;
  const target = { hostname: "server", port: PORT, serverKey };
  const session = await pair.run(connect(withToy(pair.clientHost), target));
  const time = pair.now;
  await pair.run(Promise.all([session.close(), listener.close()]));
  return time;
}

for (const { loss, median, worst } of TARGETS) {
  test(`F-LOSS-HS: at ${100 * loss} % loss each way all of ${RUNS} clients connect, half of them within ${median} ms, and 99 of 100 within ${worst} ms`, async (context) => {
    const times: number[] = [];
    for (let seed = 1; seed <= RUNS; seed++) times.push(await handshake(loss, seed));
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.ceil(share * RUNS) - 1]!;
    context.diagnostic(
      `p50 ${at(0.5).toFixed(0)} ms, p99 ${at(0.99).toFixed(0)} ms, most ${at(1).toFixed(0)} ms`,
    );
    assert.ok(at(0.5) <= median, `${at(0.5)} ms`);
    assert.ok(at(0.99) <= worst, `${at(0.99)} ms`);
  });
}
