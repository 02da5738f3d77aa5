import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../mod.ts";
import { pattern } from "../support/pattern.ts";
import { readAll, VirtualPair } from "../support/virtual_pair.ts";

const text = (value: string) => new TextEncoder().encode(value);
const isError = (code: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code;

test("openConn() and acceptConn() join the two ends of a stream, opened from either side", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.multiplexes();
  for (const [opener, acceptor] of [[client, server], [server, client]] as const) {
    for (const info of ["", "häuser 🏠", "x".repeat(1_000)]) {
      const near = await pair.run(opener.openConn(info));
      const far = await pair.run(acceptor.acceptConn());
      assert.equal(far.info, info);
      assert.equal(near.info, info);
      assert.equal(far.id, near.id);
      await pair.run(near.write(text("question")));
      const into = new Uint8Array(100);
      assert.equal(await pair.run(far.read(into)), 8);
      await pair.run(far.write(text("answer")));
      assert.equal(await pair.run(near.read(into)), 6);
    }
  }
});

test("openConn() takes one round trip", async () => {
  const pair = new VirtualPair({ delay: 40 });
  const { client } = await pair.multiplexes();
  await pair.pass(200);
  const start = pair.now;
  await pair.run(client.openConn());
  assert.ok(pair.now - start <= 82, `${pair.now - start}`);
});

test("openConn() refuses an info of more than 1,024 bytes at once", async () => {
  const { client } = await new VirtualPair().multiplexes();
  const error = new RangeError("info may have 1024 bytes of UTF-8, got 1026");
  await assert.rejects(client.openConn("ä".repeat(513)), error);
});

test("openConn() and acceptConn() reject with the signal's reason", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.multiplexes();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(client.openConn("", { signal }), reason);
  await assert.rejects(server.acceptConn({ signal }), reason);
  pair.blackout(true);
  const controller = new AbortController();
  const opening = client.openConn("", { signal: controller.signal });
  const settled = assert.rejects(opening, reason);
  await pair.pass(1_000);
  controller.abort(reason);
  await settled;
});

test("32 streams at once each carry their own bytes, both ways", async () => {
  const pair = new VirtualPair({ delay: 10, loss: 0.02 });
  const { client, server } = await pair.multiplexes();
  const echoing = (async () => {
    for (let i = 0; i < 32; i++) {
      const conn = await server.acceptConn();
      void conn.readable.pipeTo(conn.writable);
    }
  })();
  const one = async (i: number) => {
    const conn = await client.openConn(`stream ${i}`);
    const sent = pattern(20_000 + i).map((byte) => byte ^ i);
    const reading = readAll(conn);
    await conn.write(sent);
    conn.closeWrite();
    assert.deepEqual(await reading, sent);
    await conn.closed;
  };
  await pair.run(Promise.all([echoing, ...Array.from({ length: 32 }, (_, i) => one(i))]));
});

test("sendUrel() and receiveUrel() pass unreliable messages; the lane never blocks", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.multiplexes();
  assert.equal(client.maxDatagramSize, 1299);
  for (const length of [0, 1, 1299]) {
    assert.equal(client.sendUrel(new Uint8Array(length).fill(5)), true);
    assert.deepEqual(await pair.run(server.receiveUrel()), new Uint8Array(length).fill(5));
  }
  assert.throws(() => client.sendUrel(new Uint8Array(1300)), isError("datagram-too-large"));
  for (let i = 0; i < 2_100; i++) client.sendUrel(Uint8Array.of(i % 256));
  await pair.pass(100);
  assert.equal(server.stats().unreliableDropped, 52);
});

test("tryReceiveUrel() gives what has come, and undefined when there is none; it does not wait", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.multiplexes();
  assert.equal(server.tryReceiveUrel(), undefined);
  for (const value of [1, 2]) client.sendUrel(Uint8Array.of(value));
  await pair.pass(100);
  assert.deepEqual(server.tryReceiveUrel(), Uint8Array.of(1));
  assert.deepEqual(server.tryReceiveUrel(), Uint8Array.of(2));
  assert.equal(server.tryReceiveUrel(), undefined);
  client.sendUrel(Uint8Array.of(3));
  await pair.pass(100);
  await pair.run(server.close());
  assert.deepEqual(server.tryReceiveUrel(), Uint8Array.of(3));
  assert.throws(() => server.tryReceiveUrel(), isError("closed"));
});

test("a multiplex is an iterable of the streams that the other end opens, until it ends", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.multiplexes();
  const infos: string[] = [];
  const iterating = (async () => {
    for await (const conn of server) {
      infos.push(conn.info);
      if (infos.length === 2) await server.close();
    }
  })();
  await pair.run(client.openConn("a"));
  await pair.run(client.openConn("b").catch(() => {}));
  await pair.run(iterating);
  assert.deepEqual(infos, ["a", "b"]);
});

test("close() ends every wait with closed, at the other end with goodbye", async () => {
  const pair = new VirtualPair();
  const { clientMux, serverMux, client, server } = await pair.conns();
  const into = new Uint8Array(10);
  const far = [
    assert.rejects(serverMux.acceptConn(), isError("goodbye")),
    assert.rejects(serverMux.receiveUrel(), isError("goodbye")),
    assert.rejects(server.read(into), isError("goodbye")),
  ];
  const waits = [
    assert.rejects(clientMux.acceptConn(), isError("closed")),
    assert.rejects(clientMux.receiveUrel(), isError("closed")),
    assert.rejects(client.read(into), isError("closed")),
  ];
  await pair.run(clientMux.close());
  await pair.run(Promise.all([...waits, ...far]));
  await assert.rejects(clientMux.openConn(), isError("closed"));
  assert.throws(() => clientMux.sendUrel(into), isError("closed"));
  await assert.rejects(client.write(into), isError("closed"));
  assert.equal((await client.closed).by, "local");
  assert.equal((await clientMux.closed).by, "local");
  assert.equal(serverMux.stats().streams, 0);
});

test("a dead peer is noticed in deadAfter once something awaits an answer, and ends every wait", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.multiplexes(5_000);
  const conn = await pair.run(client.openConn());
  await pair.run(server.acceptConn());
  await pair.pass(60_000);
  pair.blackout(true);
  const start = pair.now;
  await conn.write(text("anyone?"));
  const waits = [
    client.acceptConn(),
    client.receiveUrel(),
    client.openConn("more"),
    conn.read(new Uint8Array(1)),
  ].map((wait) => assert.rejects(wait, isError("connection-lost")));
  const closure = await pair.run(client.closed);
  await pair.run(Promise.all(waits));
  assert.equal(closure.by, "timeout");
  assert.ok(pair.now - start >= 5_000 && pair.now - start < 5_100, `${pair.now - start}`);
  assert.equal((await conn.closed).error?.code, "connection-lost");
});

test("L11: an idle multiplex is silent and never declared dead, but ends by the idle time", async () => {
  const pair = new VirtualPair();
  const { client } = await pair.multiplexes(5_000);
  await pair.run(client.openConn());
  await pair.pass(2_000);
  const sent = pair.up.counts.sent;
  await pair.pass(500_000);
  assert.equal(pair.up.counts.sent, sent);
  assert.equal((await pair.run(client.closed, 200_000)).error?.code, "idle-timeout");
});

test("a blackout shorter than deadAfter harms nothing", async () => {
  const pair = new VirtualPair({ delay: 10, rate: 10 });
  const { client, server } = await pair.conns();
  const sent = pattern(2_000_000);
  const reading = readAll(server);
  const writing = client.write(sent).then(() => client.closeWrite());
  await pair.pass(300);
  pair.blackout(true);
  await pair.pass(10_000);
  pair.blackout(false);
  const start = pair.now;
  await pair.run(writing);
  assert.deepEqual(await pair.run(reading), sent);
  assert.ok(pair.now - start < 5_000, `${pair.now - start}`);
});

test("stats() names the congestion controller and what was counted", async () => {
  const pair = new VirtualPair();
  const { clientMux } = await pair.conns();
  const stats = clientMux.stats();
  assert.equal(stats.congestion, "lift");
  assert.ok(stats.window >= 16);
  assert.equal(stats.streams, 1);
  assert.ok(Math.abs(stats.rtt - 20) < 10, `${stats.rtt}`);
});

test("bulk leaves in segments of 1,330 bytes, in packets of at most 1,400", async () => {
  const pair = new VirtualPair();
  const lengths: number[] = [];
  const { client, server } = await pair.sessions({ onSend: (length) => void lengths.push(length) });
  const accepting = server.multiplex().acceptConn();
  const near = await pair.run(client.multiplex().openConn());
  const far = await pair.run(accepting);
  lengths.length = 0;
  const reading = readAll(near);
  await pair.run(far.write(pattern(1_330_000)).then(() => far.closeWrite()));
  assert.equal((await pair.run(reading)).length, 1_330_000);
  assert.equal(lengths.filter((length) => length >= 1_330).length, 1_000);
  assert.ok(Math.max(...lengths) <= 1_400, `${Math.max(...lengths)}`);
});
