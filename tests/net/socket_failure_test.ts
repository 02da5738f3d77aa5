/**
 * F-SOCK: the system refuses what sockets ask for, for a while.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { SocketFailure } from "../../src/adapters/sim.ts";
import { SosistabError } from "../../src/errors.ts";
import { FaultFlow } from "../support/fault_flow.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const FAILURES: readonly SocketFailure[] = ["EMFILE", "ENOBUFS", "EPERM", "ECONNREFUSED"];
const PATH = { delay: 15, rate: 4, queue: 50 };
const AMOUNT = 1_000_000;
const BREAK_AT = 500;
const OFF = 5_000;

/** How soon all goes on once the cause has ended, ms. */
const MOST_WAIT = 1_000;

for (const failure of FAILURES) {
  for (const end of ["server", "client"] as const) {
    for (const protocol of ["udp", "tcp"] as const) {
      for (const direction of ["up", "down"] as const) {
        test(`F-SOCK: ${failure} at the ${end} in the middle of a transfer ${direction} over ${protocol}: it goes on soon`, async (context) => {
          const pair = new VirtualPair(PATH, 1, { crypto: "none", timers: "coarse" });
          const { listener, client, server } = await pair.sessions({ tcp: true }, { protocol });
          const ends = await pair.run(
            Promise.all([client.multiplex().openConn(), server.multiplex().acceptConn()]),
          );
          const [from, to] = direction === "up" ? ends : ends.toReversed();
          const flow = new FaultFlow(from!, to!, AMOUNT, () => pair.now);
          await pair.pass(BREAK_AT);
          const node = pair[`${end}Host`];
          node.failSockets(failure);
          await pair.pass(OFF);
          node.failSockets();
          const backAt = pair.now;
          await pair.run(flow.done);
          const wait = flow.total === AMOUNT && flow.arrivals.at(-1)!.at <= backAt
            ? 0
            : flow.timeUntil(1, backAt);
          context.diagnostic(`data flows again after ${wait.toFixed(0)} ms`);
          assert.ok(wait <= MOST_WAIT, `${wait} ms`);
          await pair.run(listener.close());
          await pair.pass(10_000);
          assert.equal(pair.network.openSockets, 0);
        });
      }
    }
  }

  for (const protocol of ["udp", "tcp"] as const) {
    test(`F-SOCK: ${failure} at the server: nobody connects over ${protocol}, or at once; and soon after it everybody`, async (context) => {
      const pair = new VirtualPair(PATH, 1, { crypto: "none", timers: "coarse" });
      const listener = await pair.listen({ tcp: true });
      pair.serverHost.failSockets(failure);
      const early = pair.connect(listener, { protocol, timeout: OFF }).catch((error) => {
        assert.ok(error instanceof SosistabError && error.code === "no-answer", `${error}`);
      });
      await pair.pass(OFF);
      pair.serverHost.failSockets();
      await early;
      const backAt = pair.now;
      await pair.connect(listener, { protocol });
      context.diagnostic(`connected after ${(pair.now - backAt).toFixed(0)} ms`);
      assert.ok(pair.now - backAt <= MOST_WAIT);
      await pair.run(listener.close());
    });

    test(`F-SOCK: ${failure} at the client: connecting over ${protocol} works, or fails with a typed error in time`, async () => {
      const pair = new VirtualPair(PATH, 1, { crypto: "none", timers: "coarse" });
      const listener = await pair.listen({ tcp: true });
      pair.clientHost.failSockets(failure);
      const startedAt = pair.now;
      const codes = ["no-answer", "socket-failed"];
      const result = await pair.connect(listener, { protocol, timeout: OFF }).then(
        () => "connected",
        (error) => error instanceof SosistabError ? error.code : `${error}`,
      );
      assert.ok([...codes, "connected"].includes(result), result);
      assert.ok(pair.now - startedAt <= OFF + 10);
      pair.clientHost.failSockets();
      const backAt = pair.now;
      await pair.connect(listener, { protocol });
      assert.ok(pair.now - backAt <= MOST_WAIT);
      await pair.run(listener.close());
    });
  }
}
