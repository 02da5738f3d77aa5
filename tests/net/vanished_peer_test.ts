import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-HALF: the other end is gone without a word. Times in ms. */
const DEAD_AFTER = 30_000;
const MOST_FREEING = 60_000;

/** An alarm may be late, and a packet that was on its way still counts as a sign of life. */
const SLACK = 100;
const SEEDS = [1, 2, 3];

for (const end of ["client", "server"] as const) {
  for (const deadAfter of [undefined, 5_000]) {
    const limit = deadAfter ?? DEAD_AFTER;
    const how = deadAfter === undefined ? "by default" : "as deadAfter says";
    test(`F-HALF, L4: a ${end} whose peer vanishes while data waits ends its streams after ${limit / 1_000} s, ${how}`, async (context) => {
      for (const seed of SEEDS) {
        const pair = new VirtualPair({ delay: 20, rate: 20, queue: 100 }, seed, {
          timers: "coarse",
        });
        const { listener, client, server, clientMux, serverMux } = await pair.conns("", deadAfter);
        const [own, mux] = end === "client" ? [client, clientMux] : [server, serverMux];
        const writing = own.write(new Uint8Array(30_000_000)).then(
          () => assert.fail("all of it was taken"),
          (error: unknown) => error,
        );
        await pair.pass(1_000);
        pair.blackout(true);
        const goneAt = pair.now;
        const error = await pair.run(writing, 2 * limit);
        const time = pair.now - goneAt;
        context.diagnostic(`seed ${seed}: the stream failed after ${(time / 1_000).toFixed(2)} s`);
        assert.ok(error instanceof SosistabError && error.code === "connection-lost");
        assert.ok(time <= limit + SLACK, `${time} ms`);
        assert.equal((await pair.run(mux.closed)).by, "timeout");
        await pair.pass(Math.max(0, goneAt + MOST_FREEING - pair.now));
        if (end === "client") assert.equal(pair.clientHost.openSockets, 0);
        else assert.equal(listener.stats().sessionsOpen, 0);
        await pair.run(clientMux.close());
        await pair.run(listener.close());
        assert.equal(pair.network.openSockets, 0);
      }
    });
  }

  test(`F-HALF: a ${end} that waits for nothing frees its session when idleTimeout has passed`, async () => {
    const idleTimeout = 20_000;
    const pair = new VirtualPair({ delay: 20 });
    const { listener, client, server } = await pair.sessions({ idleTimeout }, { idleTimeout });
    const [near, far] = [client.multiplex(), server.multiplex()];
    const [conn] = await pair.run(Promise.all([near.openConn(), far.acceptConn()]));
    await pair.run(conn.write(new Uint8Array(1_000)));
    await pair.pass(1_000);
    pair.blackout(true);
    await pair.pass(idleTimeout + SLACK);
    const { error } = await pair.run((end === "client" ? near : far).closed, 1);
    assert.equal(error?.code, "idle-timeout");
    await pair.run(listener.close());
    assert.equal(pair.network.openSockets, 0);
  });
}
