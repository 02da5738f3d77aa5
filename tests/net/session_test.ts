import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError, StatsGatherer } from "../../mod.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const text = (value: string) => new TextEncoder().encode(value);
const isError = (code: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code;

test("send() and receive() pass datagrams of 0 to maxDatagramSize bytes, both ways", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions();
  assert.equal(client.maxDatagramSize, 1311);
  for (const length of [0, 1, 100, 1310, 1311]) {
    for (const [from, to] of [[client, server], [server, client]] as const) {
      assert.equal(from.send(new Uint8Array(length).fill(length)), true);
      assert.deepEqual(await pair.run(to.receive()), new Uint8Array(length).fill(length));
    }
  }
});

test("send() throws datagram-too-large above maxDatagramSize", async () => {
  const { client } = await new VirtualPair().sessions();
  assert.throws(() => client.send(new Uint8Array(1312)), isError("datagram-too-large"));
});

test("send() borrows the datagram until the call returns only", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions();
  const datagram = text("before");
  client.send(datagram);
  datagram.fill(0);
  assert.deepEqual(await pair.run(server.receive()), text("before"));
});

test("receive() gives bytes that are the receiver's own", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions();
  for (const word of ["first", "other"]) client.send(text(word));
  const first = await pair.run(server.receive());
  const other = await pair.run(server.receive());
  assert.deepEqual([first, other], [text("first"), text("other")]);
  first.fill(0);
  assert.deepEqual(other, text("other"));
  assert.notEqual(first.buffer, other.buffer);
});

test("receive() keeps 2,048 datagrams for a slow receiver, drops the oldest and counts them", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions();
  for (let i = 0; i < 2_100; i++) client.send(Uint8Array.of(i % 256, i >> 8));
  await pair.pass(100);
  assert.equal(server.stats().receivesDropped, 52);
  assert.deepEqual(await server.receive(), Uint8Array.of(52, 0));
});

test("receive() rejects with the signal's reason, before and during", async () => {
  const pair = new VirtualPair();
  const { client } = await pair.sessions();
  const reason = new Error("enough");
  await assert.rejects(client.receive({ signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const waiting = client.receive({ signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(waiting, reason);
});

test("close() ends every wait, later calls throw closed, and closed tells who ended it", async () => {
  const pair = new VirtualPair();
  const { client } = await pair.sessions();
  const waiting = client.receive();
  const ended = assert.rejects(waiting, isError("closed"));
  await pair.run(Promise.all([client.close(), client.close(), ended]));
  assert.throws(() => client.send(text("x")), isError("closed"));
  await assert.rejects(client.receive(), isError("closed"));
  assert.throws(() => client.multiplex(), isError("closed"));
  assert.deepEqual(await client.closed, { by: "local" });
});

test("readable and writable are other views on receive() and send()", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions();
  const writer = client.writable.getWriter();
  await pair.run(writer.write(text("one")));
  const reader = server.readable.getReader();
  assert.deepEqual(await pair.run(reader.read()), { done: false, value: text("one") });
  const end = reader.read();
  await pair.run(server.close());
  assert.equal((await pair.run(end)).done, true);
});

test("an idle session sends nothing, and ends by its idle time on both ends", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions({ idleTimeout: 60_000 }, { idleTimeout: 60_000 });
  await pair.pass(1_000);
  const sent = pair.up.counts.sent + pair.down.counts.sent;
  await pair.pass(58_000);
  assert.equal(pair.up.counts.sent + pair.down.counts.sent, sent);
  for (const session of [client, server]) {
    const closure = await pair.run(session.closed);
    assert.equal(closure.by, "timeout");
    assert.equal(closure.error?.code, "idle-timeout");
    await assert.rejects(session.receive(), isError("idle-timeout"));
  }
});

test("a client that only sends, to a server that never answers, stays for as long as it sends", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions({ idleTimeout: 60_000 }, { idleTimeout: 60_000 });
  for (let i = 0; i < 40; i++) {
    client.send(text("up"));
    await pair.pass(5_000);
  }
  // The first was the client's own, to prove its keys; others asked for a sign of life.
  assert.ok(server.stats().framesReceived >= 41, `${server.stats().framesReceived}`);
  assert.equal(client.send(text("still")), true);
});

test("a server lets a client go that it does not hear, although it sends to it", async () => {
  const pair = new VirtualPair();
  const { server } = await pair.sessions({ idleTimeout: 60_000 });
  pair.up.change({ isDown: true });
  const pushing = (async () => {
    for (;;) {
      try {
        server.send(text("down"));
      } catch {
        return;
      }
      await pair.pass(1_000);
    }
  })();
  await pushing;
  assert.equal((await server.closed).error?.code, "idle-timeout");
  assert.ok(pair.now < 70_000, `${pair.now}`);
});

test("a client that only listens is not taken for gone", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions();
  for (let i = 0; i < 150; i++) {
    server.send(text("down"));
    await pair.pass(10_000);
  }
  // Others said that the session is open, and that the server still hears the client.
  assert.ok(client.stats().framesReceived >= 151, `${client.stats().framesReceived}`);
  assert.equal(server.send(text("still")), true);
});

test("a session survives the loss of its resume", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const client = await pair.connect(listener);
  pair.up.change({ isDown: true });
  await pair.pass(5);
  pair.up.change({ isDown: false });
  const accepted = listener.accept();
  for (let i = 0; i < 10; i++) {
    client.send(Uint8Array.of(i));
    await pair.pass(100);
  }
  const server = await pair.run(accepted);
  assert.ok((await pair.run(server.receive())).length === 1);
});

test("refresh() shows the server the client's address at once", async () => {
  const pair = new VirtualPair();
  const { client } = await pair.sessions();
  await pair.pass(1_000);
  const sent = pair.up.counts.sent;
  client.refresh();
  // A resume, and a question.
  assert.equal(pair.up.counts.sent, sent + 2);
});

test("multiplex() takes the session over, with what has come and was not received", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions();
  const mux = client.multiplex();
  assert.equal(client.multiplex(), mux);
  mux.sendUrel(text("early"));
  await pair.pass(100);
  await server.receive(); // the ping
  assert.deepEqual(await pair.run(server.multiplex().receiveUrel()), text("early"));
  const { client: other } = await new VirtualPair().sessions();
  const taken = other.receive();
  other.multiplex();
  await assert.rejects(taken, isError("closed"));
  assert.throws(() => client.send(text("x")), isError("closed"));
});

test("stats() counts frames, bytes and loss of both directions", async () => {
  const pair = new VirtualPair({ delay: 5 });
  const { client, server } = await pair.sessions();
  pair.up.change({ loss: 0.2 });
  for (let i = 0; i < 1_000; i++) {
    client.send(new Uint8Array(100));
    if (i % 10 === 0) server.send(new Uint8Array(10));
    await pair.pass(1);
  }
  await pair.pass(100);
  const [up, down] = [server.stats(), client.stats()];
  assert.equal(down.framesSent, 1_001);
  assert.ok(up.framesReceived > 750 && up.framesReceived < 850, `${up.framesReceived}`);
  assert.ok(Math.abs(up.receiveLoss - 0.2) < 0.06, `${up.receiveLoss}`);
  assert.ok(Math.abs((down.sendLoss ?? 1) - up.receiveLoss) < 0.05, `${down.sendLoss}`);
  assert.ok(up.bytesReceived > 100 * up.framesReceived);
  assert.equal(up.packetsForeign, 0);
});

test("a StatsGatherer records the session's course when it is active, and nothing otherwise", async () => {
  for (const active of [true, false]) {
    const pair = new VirtualPair({ delay: 15 });
    const stats = new StatsGatherer({ active });
    const { client, server } = await pair.sessions({}, { stats });
    for (let i = 0; i < 10; i++) {
      client.send(new Uint8Array(100));
      server.send(new Uint8Array(50));
      await pair.pass(20);
    }
    assert.equal(stats.last("total_sent_bytes"), active ? 1_000 : undefined);
    assert.equal(stats.last("total_recv_bytes"), active ? 500 : undefined);
    assert.equal(stats.last("recv_loss"), active ? 0 : undefined);
    assert.equal(stats.last("smooth_ping"), active ? client.stats().rtt : undefined);
    assert.equal([...stats].length > 0, active);
  }
});
