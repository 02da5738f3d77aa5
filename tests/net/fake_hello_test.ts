/**
 * H6, B-FAKEHELLO: a stranger who knows the server's public key races its answers with his own. What
 * they lead to is a session with nobody, and he has no more than the right to be first.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../src/adapters/sim.ts";
import type { ConnectOptions } from "../../src/net/contract.ts";
import { fakeHellos } from "../support/fake_hellos.ts";
import { seededSource } from "../support/seeded_random.ts";
import { spoiledHost } from "../support/spoiled_host.ts";
import { PORT, readAll, VirtualPair } from "../support/virtual_pair.ts";

/** The path's one way, ms. */
const DELAY = 20;

/** How long one session with nobody may take, ms: two round trips and 100, and another three. */
const TRY = 300;

class Raced {
  readonly pair: VirtualPair;
  /** Fakes before each answer. */
  fakes: number;
  /** Answers of the server, and those before them. */
  answers = 0;
  readonly #isOwnKind: boolean;

  constructor(fakes: number, isOwnKind: boolean, seed = 1, delay = DELAY) {
    this.pair = new VirtualPair({ delay }, seed);
    this.fakes = fakes;
    this.#isOwnKind = isOwnKind;
  }

  async open(options: Partial<ConnectOptions> = {}) {
    const { pair } = this;
    const listener = await pair.listen();
    const spoil = fakeHellos({
      serverKey: listener.publicKey,
      random: seededSource(99),
      epochSeconds: () => pair.clientHost.epochSeconds(),
      count: () => {
        this.answers++;
        return this.fakes;
      },
      isOwnKind: this.#isOwnKind,
    });
    const { publicKey: serverKey } = listener;
    const host = spoiledHost(pair.clientHost, spoil);
    const to = { hostname: "server", port: PORT, serverKey, ...options };
    return { listener, client: await pair.run(connect(host, to)) };
  }
}

for (const isOwnKind of [true, false]) {
  const who = `who says that he is ${isOwnKind ? "of our own kind" : "an original"}`;

  for (const fakes of [1, 3, 9, 31]) {
    test(`B-FAKEHELLO: a stream opens in spite of ${fakes} before each answer, of a stranger ${who}`, async () => {
      for (let seed = 1; seed <= 10; seed++) {
        const raced = new Raced(fakes, isOwnKind, seed);
        const { pair } = raced;
        const { listener, client } = await raced.open();
        const server = (async () => {
          const mux = (await listener.accept()).multiplex();
          const conn = await mux.acceptConn();
          const all = await readAll(conn);
          await conn.write(all);
          conn.closeWrite();
          return all.length;
        })();
        const mux = client.multiplex();
        const begun = pair.now;
        const conn = await pair.run(mux.openConn("info"));
        // However many come first, three of all answers wait beside the one in use.
        const most = TRY * Math.min(fakes, 3) + 2 * DELAY;
        assert.ok(pair.now - begun <= most, `seed ${seed}: ${pair.now - begun} ms, ${most}`);
        await pair.run(conn.write(new Uint8Array(50_000).fill(5)));
        conn.closeWrite();
        assert.equal((await pair.run(readAll(conn))).length, 50_000);
        assert.equal(await pair.run(server), 50_000);
        assert.equal(listener.stats().sessionsQueued, 0, "one session, one stream");
        await pair.run(client.close());
        await pair.run(listener.close());
      }
    });
  }

  test(`B-FAKEHELLO: datagrams of a session without streams arrive soon, in spite of a stranger ${who}`, async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const raced = new Raced(1, isOwnKind, seed);
      const { pair } = raced;
      const { listener, client } = await raced.open();
      const server = listener.accept();
      await pair.pass(TRY);
      client.send(Uint8Array.of(seed));
      const session = await pair.run(server, 200);
      assert.deepEqual(await pair.run(session.receive(), 100), Uint8Array.of(seed));
      await pair.run(client.close());
      await pair.run(listener.close());
    }
  });

  test(`B-FAKEHELLO: a session survives the change of its keys, raced by a stranger ${who}`, async () => {
    const raced = new Raced(0, isOwnKind);
    const { pair } = raced;
    const { listener, client } = await raced.open({ keyLimits: { age: 60_000 } });
    const server = (await pair.run(listener.accept())).multiplex();
    const conn = await pair.run(client.multiplex().openConn());
    const far = await pair.run(server.acceptConn());
    raced.fakes = 1;
    const before = raced.answers;
    await pair.pass(61_000);
    // Something must be heard for a change to begin.
    await pair.run(conn.write(Uint8Array.of(1)));
    await pair.pass(3_000);
    assert.ok(raced.answers > before, "other keys");
    await pair.run(far.write(Uint8Array.of(2)));
    const into = new Uint8Array(9);
    assert.equal(await pair.run(conn.read(into), 1_000), 1);
    assert.equal(await pair.run(far.read(into), 1_000), 1);
    await pair.run(client.close());
    await pair.run(listener.close());
  });
}

test("H6: on a slow path, where several hellos are answered, the first answer's session stays and is the only one", async () => {
  for (const delay of [200, 400, 700]) {
    const raced = new Raced(0, true, 1, delay);
    const { pair } = raced;
    const { listener, client } = await raced.open();
    const accepting = listener.accept().then((session) => session.multiplex());
    const begun = pair.now;
    const conn = await pair.run(client.multiplex().openConn());
    assert.equal(pair.now - begun, 2 * delay);
    assert.ok(raced.answers > 1);
    await pair.run(accepting);
    await pair.pass(5_000);
    assert.equal(listener.stats().sessionsQueued, 0);
    conn.close();
    await pair.run(client.close());
    await pair.run(listener.close());
  }
});
