/**
 * Both ends do the same at the same instant.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { Multiplex, RelConn } from "../../src/net/contract.ts";
import { FaultFlow } from "../support/fault_flow.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-SIM-OPEN: streams that each end opens. */
const STREAMS = 1_000;

/**
 * F-BIDI: what each end writes before anybody reads, bytes; how long nobody reads, ms; and what may be
 * held meanwhile: what one stream may, and the pieces that the writer's own buffer takes.
 */
const AMOUNT = 12_000_000;
const PAUSE = 60_000;
const MOST_HELD = 8 * 2 ** 20 + 2 ** 20;

for (const loss of [0, 0.1]) {
  test(`F-SIM-OPEN: both ends open ${STREAMS} streams at the same instant, at ${100 * loss} % loss: ${2 * STREAMS} distinct ones`, async () => {
    const pair = new VirtualPair({ delay: 20, loss }, 1, { crypto: "none" });
    const { listener, client, server } = await pair.multiplexes();
    await pair.pass(1_000);
    const open = (mux: Multiplex, name: string) =>
      Promise.all(Array.from({ length: STREAMS }, (_, i) => mux.openConn(`${name} ${i}`)));
    const accept = (mux: Multiplex) =>
      Promise.all(Array.from({ length: STREAMS }, () => mux.acceptConn()));
    const [near, far, atServer, atClient] = await pair.run(Promise.all([
      open(client, "client"),
      open(server, "server"),
      accept(server),
      accept(client),
    ]));
    assert.equal(new Set([...near, ...far].map(({ id }) => id)).size, 2 * STREAMS);
    const names = (conns: readonly RelConn[]) =>
      conns.map(({ info, id }) => `${info} ${id}`).sort();
    assert.deepEqual(names(atServer), names(near));
    assert.deepEqual(names(atClient), names(far));
    // Each of them carries what is its own.
    const byId = new Map(atServer.map((conn) => [conn.id, conn]));
    for (const [i, conn] of near.entries()) if (i % 100 === 0) await echo(pair, conn, byId);
    await pair.run(listener.close());
  });
}

async function echo(pair: VirtualPair, conn: RelConn, others: ReadonlyMap<number, RelConn>) {
  const other = others.get(conn.id);
  assert.ok(other);
  await pair.run(conn.write(new TextEncoder().encode(conn.info)));
  const into = new Uint8Array(100);
  const count = await pair.run(other.read(into));
  assert.equal(new TextDecoder().decode(into.subarray(0, count ?? 0)), conn.info);
}

test(`F-BIDI: both ends write ${AMOUNT / 1e6} MB before they read, and nobody reads for ${PAUSE / 1_000} s: bounded memory, and all of it arrives`, async (context) => {
  const pair = new VirtualPair({ delay: 20, rate: 50, queue: 200 }, 1, { crypto: "none" });
  const { listener, client, server, clientMux, serverMux } = await pair.conns();
  const reads = [client, server].map(({ read }) => read);
  const mayRead = Promise.withResolvers<void>();
  for (const [i, conn] of [client, server].entries()) {
    conn.read = async (...args) => {
      await mayRead.promise;
      return reads[i]!.apply(conn, args);
    };
  }
  const flows = [[client, server], [server, client]].map(([from, to]) =>
    new FaultFlow(from!, to!, AMOUNT, () => pair.now)
  );
  let held = 0;
  for (let second = 0; second < PAUSE / 1_000; second++) {
    await pair.pass(1_000);
    for (const mux of [clientMux, serverMux]) held = Math.max(held, mux.stats().bytesHeld);
  }
  mayRead.resolve();
  const readAt = pair.now;
  await pair.run(Promise.all(flows.map(({ done }) => done)), 60_000);
  context.diagnostic(
    `at the most ${(held / 1e6).toFixed(1)} MB were held; all had arrived ${
      ((pair.now - readAt) / 1_000).toFixed(1)
    } s after the first read`,
  );
  assert.ok(held <= MOST_HELD, `${held} bytes`);
  assert.ok(held > 1_000_000, "nothing was held: it was read all the time");
  await pair.run(listener.close());
});
