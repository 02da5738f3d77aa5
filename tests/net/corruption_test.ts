/**
 * F-CORRUPT: 30 % of all packets come with 1 to 8 bits turned over, in both directions.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, listen } from "../../src/adapters/sim.ts";
import type { Host } from "../../src/host.ts";
import type { Session } from "../../src/net/contract.ts";
import { FaultFlow } from "../support/fault_flow.ts";
import { seededFraction } from "../support/seeded_random.ts";
import { flipper, type Spoil, spoiledHost } from "../support/spoiled_host.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

const CHANCE = 0.3;
const HANDSHAKES = 50;
const AMOUNT = 2_000_000;
const PATH = { delay: 15, rate: 20, queue: 100 };

/** Server and client whose packets come damaged; counts what the server got whole, and what it sent. */
async function setUp(seed: number) {
  const pair = new VirtualPair(PATH, seed, { timers: "coarse" });
  const random = seededFraction(seed);
  const flip = flipper(CHANCE, random);
  const counts = { whole: 0, sent: 0 };
  const spoil: Spoil = (datagram, deliver, from) => {
    const before = datagram.slice();
    flip(datagram, (spoiled) => {
      if (spoiled.every((byte, i) => byte === before[i])) counts.whole++;
      deliver(spoiled);
    }, from);
  };
  const host = (node: Host, how: Spoil) => spoiledHost(node, how);
  const listener = await listen(host(pair.serverHost, spoil), {
    port: PORT,
    secretKey: SECRET_KEY,
    freshKey: true,
    onSend: () => void counts.sent++,
  });
  const { publicKey: serverKey } = listener;
  const session = await pair.run(
    connect(host(pair.clientHost, flip), { hostname: "server", port: PORT, serverKey }),
  );
  return { pair, listener, session, counts };
}

test(`F-CORRUPT: ${HANDSHAKES} of ${HANDSHAKES} clients connect, and the server answers nothing that was damaged`, async (context) => {
  let slowest = 0;
  for (let seed = 1; seed <= HANDSHAKES; seed++) {
    const { pair, listener, counts } = await setUp(seed);
    slowest = Math.max(slowest, pair.now);
    // Before a session has begun each datagram of the server is an answer.
    assert.ok(counts.sent <= counts.whole, `${counts.sent} answers to ${counts.whole}`);
    assert.equal(listener.stats().handshakes, counts.sent);
    await pair.run(listener.close());
  }
  context.diagnostic(`the slowest took ${slowest.toFixed(0)} ms`);
});

for (const direction of ["up", "down"] as const) {
  test(`F-CORRUPT, ${direction}: ${AMOUNT / 1e6} MB arrive without a wrong byte`, async (context) => {
    const { pair, listener, session } = await setUp(1);
    const far: Session = await pair.run(listener.accept());
    const ends = await pair.run(
      Promise.all([session.multiplex().openConn(), far.multiplex().acceptConn()]),
    );
    const [from, to] = direction === "up" ? ends : ends.toReversed();
    const [startedAt, { handshakes }] = [pair.now, listener.stats()];
    const flow = new FaultFlow(from!, to!, AMOUNT, () => pair.now);
    await pair.run(flow.done, 120_000);
    context.diagnostic(`${((pair.now - startedAt) / 1_000).toFixed(1)} s`);
    assert.equal(listener.stats().handshakes, handshakes);
    await pair.run(listener.close());
  });
}
