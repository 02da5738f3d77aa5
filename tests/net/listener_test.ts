import { test } from "node:test";
import assert from "node:assert/strict";
import {
  type Address,
  connect,
  type DatagramHandler,
  type DatagramSocket,
  listen,
  SosistabError,
} from "../../mod.ts";
import { shakeHands } from "../support/forged_peer.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

const isError = (code: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code;
const text = (value: string) => new TextEncoder().encode(value);

test("listen() and connect() tell a caller's mistake at once and exactly", async () => {
  const { serverHost, clientHost } = new VirtualPair();
  const server = { secretKey: SECRET_KEY, freshKey: true };
  const client = { hostname: "server", port: 1, serverKey: SECRET_KEY };
  const cases: [() => Promise<unknown>, Error][] = [
    [
      () => listen(serverHost, { secretKey: new Uint8Array(31) }),
      new RangeError("secretKey must be 32 bytes, got 31"),
    ],
    [
      () => listen(serverHost, { ...server, port: -1 }),
      new RangeError("port must be an integer from 0 to 65535, got -1"),
    ],
    [
      () => listen(serverHost, { ...server, idleTimeout: 0 }),
      new RangeError("idleTimeout must be 1 to 1073741824 ms, got 0"),
    ],
    [
      () => listen(serverHost, { ...server, limits: { sessions: 0.5 } }),
      new RangeError("limits.sessions must be an integer of at least 1, got 0.5"),
    ],
    [
      () => connect(clientHost, { ...client, port: 0 }),
      new RangeError("port must be an integer from 1 to 65535, got 0"),
    ],
    [
      () => connect(clientHost, { ...client, serverKey: new Uint8Array(33) }),
      new RangeError("serverKey must be 32 bytes, got 33"),
    ],
    [
      () => connect(clientHost, { ...client, timeout: NaN }),
      new RangeError("timeout must be 1 to 1073741824 ms, got NaN"),
    ],
    [
      () => connect(clientHost, { ...client, hostname: "" }),
      new TypeError("hostname must be a host name or an IP address"),
    ],
  ];
  for (const [attempt, error] of cases) await assert.rejects(attempt(), error);
});

test("accept() gives sessions in the order in which they came, and rejects after close()", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const waiting = listener.accept();
  const first = await pair.connect(listener);
  first.send(text("first"));
  const second = await pair.connect(listener);
  second.send(text("second"));
  await pair.pass(50);
  assert.deepEqual(await pair.run((await waiting).receive()), text("first"));
  assert.deepEqual(await pair.run((await listener.accept()).receive()), text("second"));
  const pending = assert.rejects(listener.accept(), isError("closed"));
  await pair.run(listener.close());
  await pending;
  await assert.rejects(listener.accept(), isError("closed"));
});

test("accept() rejects with the signal's reason", async () => {
  const listener = await new VirtualPair().listen();
  const reason = new Error("enough");
  await assert.rejects(listener.accept({ signal: AbortSignal.abort(reason) }), reason);
});

test("a listener is an iterable of its sessions, until it is closed", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  await pair.connect(listener);
  await pair.connect(listener);
  let count = 0;
  const iterating = (async () => {
    for await (const session of listener) {
      assert.equal(session.remoteAddr.hostname, pair.clientHost.address);
      if (++count === 2) await listener.close();
    }
  })();
  await pair.run(iterating);
  assert.equal(count, 2);
});

test("addr has the real port, publicKey is what clients must know", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ port: 0 });
  assert.ok(listener.addr.port > 0);
  assert.equal(listener.publicKey.length, 32);
});

test("listen() rejects with address-in-use", async () => {
  const pair = new VirtualPair();
  await pair.listen();
  await assert.rejects(pair.listen(), isError("address-in-use"));
});

test("aborting the signal of listen() closes the listener", async () => {
  const pair = new VirtualPair();
  const controller = new AbortController();
  const listener = await pair.listen({ signal: controller.signal });
  const pending = listener.accept();
  controller.abort();
  await assert.rejects(pending, isError("closed"));
  assert.equal(pair.network.openSockets, 0);
});

test("close() ends all sessions and leaves no socket and no timer behind", async () => {
  const pair = new VirtualPair();
  const { listener, client, server } = await pair.sessions();
  server.multiplex();
  client.multiplex();
  await pair.run(listener.close());
  await pair.run(client.close());
  await pair.pass(0);
  assert.equal((await server.closed).by, "local");
  assert.equal(pair.network.openSockets, 0);
  await pair.pass(100); // what is still on its way
  assert.equal(pair.network.clock.pending, 0);
});

test("close() lets no session begin while those that there are end", async () => {
  const pair = new VirtualPair();
  const { serverHost, clientHost } = pair;
  let handler: DatagramHandler | undefined;
  const host = {
    ...serverHost,
    bindDatagram: (address: Address, theirs: DatagramHandler) => {
      handler = theirs;
      return serverHost.bindDatagram(address, theirs);
    },
  };
  const options = { port: PORT, secretKey: SECRET_KEY, freshKey: true };
  const listener = await listen(host, options);
  const client = await shakeHands(pair, listener);
  const { socket, forger } = client;
  socket.send(client.resume());
  await pair.pass(50);
  const closing = listener.close();
  const from = { ...socket.addr, hostname: clientHost.address };
  for (const packet of [client.resume(), forger.sign()]) handler?.onDatagram(packet, from);
  await closing;
  assert.equal(listener.stats().sessionsOpen, 0);
  await pair.pass(100);
  assert.equal(pair.network.clock.pending, 0);
});

test("connect() rejects with no-answer after its time-out, and leaves nothing behind", async () => {
  const pair = new VirtualPair();
  const attempt = connect(pair.clientHost, {
    hostname: "server",
    port: PORT,
    serverKey: SECRET_KEY,
    timeout: 3_000,
  });
  await assert.rejects(pair.run(attempt), isError("no-answer"));
  assert.ok(Math.abs(pair.now - 3_000) < 20, `${pair.now}`);
  assert.equal(pair.network.openSockets, 0);
  await pair.pass(50); // the last hello is still on its way
  assert.equal(pair.network.clock.pending, 0);
});

test("connect() with the wrong key gets no answer at all", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  await assert.rejects(
    pair.connect(listener, { serverKey: new Uint8Array(32).fill(9), timeout: 2_000 }),
    isError("no-answer"),
  );
  assert.equal(pair.down.counts.sent, 0);
  // The last hello was on its way when the time was over.
  await pair.pass(50);
  assert.equal(listener.stats().packetsFailed, pair.up.counts.sent);
  assert.ok(pair.up.counts.sent >= 5);
});

test("connect() rejects with name-not-found", async () => {
  const pair = new VirtualPair();
  const options = { hostname: "nowhere", port: PORT, serverKey: SECRET_KEY };
  await assert.rejects(connect(pair.clientHost, options), isError("name-not-found"));
});

test("connect() rejects with the signal's reason, before and during", async () => {
  const pair = new VirtualPair();
  const reason = new Error("enough");
  const options = { hostname: "server", port: PORT, serverKey: SECRET_KEY };
  const aborted = connect(pair.clientHost, { ...options, signal: AbortSignal.abort(reason) });
  await assert.rejects(aborted, reason);
  const controller = new AbortController();
  const attempt = connect(pair.clientHost, { ...options, signal: controller.signal });
  const settled = assert.rejects(attempt, reason);
  await pair.pass(1_000);
  controller.abort(reason);
  await settled;
  assert.equal(pair.network.openSockets, 0);
  await pair.pass(100); // what is still on its way
  assert.equal(pair.network.clock.pending, 0);
});

test("connect() takes an answer to an early hello however late it comes", async () => {
  const pair = new VirtualPair({ delay: 1_100 });
  const listener = await pair.listen();
  const session = await pair.connect(listener);
  assert.ok(pair.now < 2_300, `${pair.now}`);
  await pair.run(session.close());
});

test("connect() succeeds within 4 s at 30 % loss each way, in 99 of 100 runs", async () => {
  let slow = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const pair = new VirtualPair({ delay: 15, loss: 0.3 }, seed);
    const listener = await pair.listen();
    await pair.connect(listener);
    if (pair.now > 4_000) slow++;
    await pair.run(listener.close());
  }
  assert.ok(slow <= 1, `${slow} of 100 took longer`);
});

test("limits.sessions refuses the newest stranger, in silence, and counts it", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ limits: { sessions: 2 } });
  const sessions = [await pair.connect(listener), await pair.connect(listener)];
  const refused = await pair.connect(listener);
  await pair.pass(100);
  assert.equal(listener.stats().sessionsOpen, 2);
  assert.equal(listener.stats().droppedBySessionLimit, 1);
  sessions[0]!.send(text("still here"));
  assert.deepEqual(await pair.run((await listener.accept()).receive()), text("still here"));
  await pair.run(refused.close());
});

test("limits.backlog refuses sessions that nobody accepts, and counts them", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ limits: { backlog: 1 } });
  await pair.connect(listener);
  await pair.connect(listener);
  await pair.pass(100);
  assert.equal(listener.stats().sessionsQueued, 1);
  assert.equal(listener.stats().droppedByBacklog, 1);
});

test("a token opens one session: after its end a resume is met with silence", async () => {
  const pair = new VirtualPair();
  const { listener, client, server } = await pair.sessions();
  // The client does not hear the goodbyes.
  pair.down.change({ isDown: true });
  await pair.run(server.close());
  pair.down.change({ isDown: false });
  const sent = pair.down.counts.sent;
  for (let i = 0; i < 8; i++) {
    client.send(text("anyone?"));
    client.refresh();
    await pair.pass(100);
  }
  assert.equal(pair.down.counts.sent, sent);
  // After a second the client asks for a new session, and learns that the old one was ended.
  assert.deepEqual(await pair.run(client.closed, 2_000), { by: "remote" });
  assert.equal(listener.stats().sessionsOpen, 0);
  assert.ok(listener.stats().packetsReplayed > 0);
});

test("onReceive and onSend are told of each datagram, stats() of their fate", async () => {
  const pair = new VirtualPair();
  let [received, sent] = [0, 0];
  const listener = await pair.listen({
    onReceive: (length, from) => {
      received += length;
      assert.equal(from.hostname, pair.clientHost.address);
    },
    onSend: (length) => void (sent += length),
  });
  await pair.connect(listener);
  await pair.pass(100);
  assert.ok(received > 180 && sent > 100);
  assert.equal(listener.stats().handshakes, 1);
  // A hello, a resume, and a report to prove the keys.
  assert.equal(listener.stats().packetsProcessed, 3);
});

test("stats() counts what came, what opened under no key, and what was seen before", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const sent: Uint8Array[] = [];
  const host = {
    ...pair.clientHost,
    async bindDatagram(address: Address, handler: DatagramHandler): Promise<DatagramSocket> {
      const socket = await pair.clientHost.bindDatagram(address, handler);
      const send = (datagram: Uint8Array, to: Address) => {
        sent.push(datagram.slice());
        return socket.send(datagram, to);
      };
      return { addr: socket.addr, send, close: () => socket.close() };
    },
  };
  const { publicKey: serverKey, addr } = listener;
  const session = await pair.run(connect(host, { ...addr, serverKey }));
  for (let i = 0; i < 5; i++) session.send(Uint8Array.of(i));
  await pair.pass(100);
  const count = sent.length;
  assert.equal(listener.stats().packetsProcessed, count);
  assert.equal(listener.stats().packetsFailed, 0);
  assert.equal(listener.stats().packetsReplayed, 0);
  // The hello and a frame again, from elsewhere; and noise.
  const from = { hostname: pair.clientHost.address, port: 1 };
  const [hello] = sent;
  const frame = sent.at(-1);
  assert.ok(hello && frame);
  for (const datagram of [hello, frame, new Uint8Array(500).fill(7)]) {
    pair.network.inject(datagram, from, addr);
  }
  await pair.pass(0);
  assert.equal(listener.stats().packetsProcessed, count + 3);
  assert.equal(listener.stats().packetsReplayed, 2);
  assert.equal(listener.stats().packetsFailed, 1);
  assert.equal(listener.stats().sessionsOpen, 1);
});
