/**
 * What random scenarios have found (`deno task campaign`), each as small as it can be told.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../src/adapters/sim.ts";
import { SosistabError } from "../../src/errors.ts";
import type { RelConn } from "../../src/net/contract.ts";
import { collectUncaught } from "../support/collect_uncaught.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { seededSource } from "../support/seeded_random.ts";
import { spoiledHost } from "../support/spoiled_host.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

const hasCode = (...codes: string[]) => (error: unknown) =>
  error instanceof SosistabError && codes.includes(error.code);

/** Reads once; says `"end"` for the end. */
async function readOnce(conn: RelConn): Promise<number | "end"> {
  return await conn.read(new Uint8Array(10)) ?? "end";
}

test("RelConn.read() after reset() does not take what was thrown away for an end", async () => {
  const pair = new VirtualPair();
  const { listener, client, server } = await pair.conns();
  await pair.run(server.write(new Uint8Array(1_000)));
  server.closeWrite();
  await pair.pass(1_000);
  client.reset();
  await assert.rejects(pair.run(readOnce(client)), hasCode("closed"));
  await pair.run(listener.close());
});

test("RelConn.read() after reset() still tells an end that was read before", async () => {
  const pair = new VirtualPair();
  const { listener, client, server } = await pair.conns();
  server.closeWrite();
  await pair.pass(1_000);
  client.reset();
  assert.equal(await pair.run(readOnce(client)), "end");
  await pair.run(listener.close());
});

for (const end of ["client", "server"] as const) {
  test(`RelConn.read() does not take the end of a session for that of a stream when the ${end} closes it`, async () => {
    const pair = new VirtualPair();
    const { listener, client, server, clientMux, serverMux } = await pair.conns();
    const [closer, other] = end === "client" ? [clientMux, server] : [serverMux, client];
    const reading = readOnce(other);
    const failing = assert.rejects(reading, hasCode("reset", "goodbye"));
    void closer.close();
    await pair.run(failing);
    await assert.rejects(readOnce(other), hasCode("reset", "goodbye"));
    await pair.run(listener.close());
  });
}

test("a server whose client falls silent before the multiplex begins ends its streams as towards its own kind", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const near = (await pair.connect(listener)).multiplex();
  const opening = near.openConn();
  const session = await pair.run(listener.accept());
  // All that the client has said has come, and nothing more does.
  await pair.pass(20);
  pair.clientHost.stall(8_000);
  const conn = await pair.run(session.multiplex().acceptConn());
  conn.closeWrite();
  const reading = readOnce(conn);
  await pair.pass(8_000);
  const opened = await pair.run(opening);
  await pair.run(opened.write(Uint8Array.of(1)));
  assert.equal(await pair.run(reading), 1);
  await pair.run(near.close());
  await pair.run(listener.close());
});

test("streams that are being opened while the server restarts are not opened at the new one by half", async () => {
  const pair = new VirtualPair({ delay: 200 });
  const first = await pair.listen();
  const near = (await pair.connect(first)).multiplex();
  (await pair.run(first.accept())).multiplex();
  await pair.pass(1_000);
  pair.blackout(true);
  void first.close();
  await pair.pass(3_000);
  pair.blackout(false);
  const second = await pair.listen();
  const accepted: string[] = [];
  void second.accept().then(async (session) => {
    for await (const conn of session.multiplex()) accepted.push(conn.info);
  });
  const opened: string[] = [];
  for (let i = 0; i < 60; i++) {
    near.openConn(`${i}`).then(({ info }) => opened.push(info), hasCode("session-lost"));
    await pair.pass(50);
  }
  await pair.pass(2_000);
  assert.ok(opened.length > 0 && opened.length < 60, `${opened.length} were opened`);
  assert.deepEqual(accepted.toSorted(), opened.toSorted());
  await pair.run(near.close());
  await pair.run(second.close());
});

test("what is kept to repair datagrams leaves room for streams, however little memory a session may take", async () => {
  const pair = new VirtualPair({ delay: 10, loss: 0.1 }, 1, { crypto: "none" });
  const limits = { perSession: { bytes: 100_000 } };
  const { listener, client, server } = await pair.sessions({ limits });
  const [near, far] = [client.multiplex(), server.multiplex()];
  for (let i = 0; i < 1_000; i++) {
    near.sendUrel(new Uint8Array(1_200));
    far.sendUrel(new Uint8Array(1_200));
    far.tryReceiveUrel();
    await pair.pass(5);
  }
  while (far.tryReceiveUrel() !== undefined);
  await pair.run(Promise.all([near.openConn(), far.acceptConn()]));
  await pair.run(near.close());
  await pair.run(listener.close());
});

test("a session that the server's program has ended takes no other's place when the client wants it to", async () => {
  const pair = new VirtualPair({ delay: 1 });
  const { listener, client, server } = await pair.sessions();
  const near = client.multiplex();
  server.multiplex();
  const other = await pair.connect(listener);
  const otherServer = await pair.run(listener.accept());
  await pair.pass(500);
  const uncaught = await collectUncaught(async () => {
    void otherServer.close();
    await pair.pass(0);
    near.replaceSession(other);
    await pair.pass(5_000);
  });
  assert.deepEqual(uncaught, []);
  const { by } = await pair.run(near.closed);
  assert.equal(by, "remote");
  await pair.run(listener.close());
  assert.equal(pair.network.openSockets, 0);
});

test("a stream that was opened is not cut by the answer to a late copy of its opening", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const conditions = { delay: 5, reorder: 0.7, reorderDelay: 400, duplicate: 0.5 };
    const pair = new VirtualPair(conditions, seed, { crypto: "none" });
    const limits = { perSession: { streams: 3 } };
    const { listener, client, server } = await pair.sessions({ limits });
    const [near, far] = [client.multiplex(), server.multiplex()];
    let refused = 0;
    const use = async (conn: RelConn) => {
      conn.closeWrite();
      assert.equal(await readOnce(conn), "end");
      assert.equal((await conn.closed).error, undefined);
    };
    const all: Promise<void>[] = [];
    void (async () => {
      // A copy of an opening that was refused may be taken; its opener cuts it.
      for await (const conn of far) all.push(use(conn).catch(() => {}));
    })();
    for (let i = 0; i < 10; i++) {
      all.push(
        near.openConn().then(use, (error) => {
          assert.ok(hasCode("reset")(error), `${error}`);
          refused++;
        }),
      );
      await pair.pass(60);
    }
    for (let i = 0; i < all.length; i++) await pair.run(all[i]!);
    assert.ok(refused < 10, "all were refused");
    await pair.run(listener.close());
  }
});

test("a client goes on with its streams in a new session, however often the server's word of it is lost", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const pair = new VirtualPair({ delay: 5 }, seed, { crypto: "none" });
    const { listener, client, server } = await pair.sessions({}, { keyLimits: { packets: 100 } });
    const [near, far] = [client.multiplex(), server.multiplex()];
    await pair.pass(500);
    pair.down.change({ loss: 0.6 });
    for (let i = 0; i < 120; i++) {
      near.sendUrel(new Uint8Array(10));
      far.sendUrel(new Uint8Array(1_250));
      await pair.pass(10);
    }
    pair.down.change({ loss: 0 });
    for (let i = 0; i < 10; i++) far.sendUrel(new Uint8Array(1_250));
    await pair.run(Promise.all([near.openConn(), far.acceptConn()]), 5_000);
    await pair.run(listener.close());
  }
});

test("a stream opens although the keys change before anything was heard, and the server that had them is gone", async () => {
  const pair = new VirtualPair({ delay: 20 });
  const first = await pair.listen();
  const near = (await pair.connect(first)).multiplex();
  // The answer is the last thing that comes from this server.
  pair.down.change({ isDown: true });
  const opening = near.openConn("late");
  await pair.pass(500);
  assert.equal(first.stats().sessionsOpen, 1);
  void first.close();
  await pair.pass(3_000);
  const second = await pair.listen();
  pair.down.change({ isDown: false });
  const far = (await pair.run(second.accept())).multiplex();
  const [conn, accepted] = await pair.run(Promise.all([opening, far.acceptConn()]));
  assert.deepEqual([conn.info, accepted.info], ["late", "late"]);
  await pair.run(near.close());
  await pair.run(second.close());
});

test("streams go on however often the keys have changed before the server is heard again", async () => {
  const pair = new VirtualPair({ delay: 20 });
  const listener = await pair.listen();
  const { publicKey: serverKey } = listener;
  const forger = new HelloForger(serverKey, seededSource(1));
  let isDeaf = false;
  let answers = 0;
  // Answers to hellos come through, and nothing else: each one leads to a session that stays silent.
  const host = spoiledHost(pair.clientHost, (datagram, deliver) => {
    const minute = Math.floor(pair.clientHost.epochSeconds() / 60);
    const isAnswer = isDeaf && forger.frame("down", minute, datagram) !== undefined;
    if (isAnswer) answers++;
    if (isAnswer || !isDeaf) deliver(datagram);
  });
  const client = await pair.run(connect(host, { hostname: "server", port: PORT, serverKey }));
  const near = client.multiplex();
  const far = (await pair.run(listener.accept())).multiplex();
  const [conn, accepted] = await pair.run(Promise.all([near.openConn(), far.acceptConn()]));
  isDeaf = true;
  void conn.write(Uint8Array.of(1));
  for (let passed = 0; answers < 7 && passed < 60_000; passed += 500) await pair.pass(500);
  assert.ok(answers >= 7, `${answers} answers`);
  isDeaf = false;
  await pair.run(accepted.write(Uint8Array.of(2)));
  assert.equal(await pair.run(readOnce(conn), 5_000), 1);
  assert.equal(await pair.run(readOnce(accepted), 5_000), 1);
  await pair.run(near.close());
  await pair.run(listener.close());
});
