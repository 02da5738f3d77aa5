/**
 * Who gets in: each reason for which a stranger is refused, and what tokens are good for.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, listen, SosistabError } from "../../mod.ts";
import { portableX25519 } from "../../src/crypto/keys.ts";
import type { ListenerStats, ListenOptions } from "../../src/net/listen_contract.ts";
import { OWN_BITS, SEEN } from "../../src/wire/extension.ts";
import { collectUncaught } from "../support/collect_uncaught.ts";
import { againstServer, openSocket, shakeHands } from "../support/forged_peer.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

/** The counters of refusals. */
const reasons = (stats: ListenerStats): Record<string, number> => {
  const { packetsFailed, packetsReplayed } = stats;
  const dropped = Object.entries(stats).filter(([name]) => name.startsWith("droppedBy"));
  const drops = Object.entries(stats.packetDrops);
  const all = [...dropped, ...drops, ["packetsFailed", packetsFailed]] as const;
  return Object.fromEntries(
    [...all, ["packetsReplayed", packetsReplayed] as const].filter(([, count]) => count > 0),
  );
};

/** What ends of our kind say of themselves. */
const OWN_KIND = { lossByte: 0, extension: { bits: OWN_BITS | SEEN } };

const isError = (code: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code;

test("limits: each that makes no sense is a caller's mistake", async () => {
  const { serverHost } = new VirtualPair();
  const cases: [ListenOptions["limits"], string][] = [
    [{ candidates: 0 }, "limits.candidates must be an integer of at least 1, got 0"],
    [{ handshakeShare: 0 }, "limits.handshakeShare must be above 0 and at most 1, got 0"],
    [{ handshakeShare: 1.5 }, "limits.handshakeShare must be above 0 and at most 1, got 1.5"],
    [{ silentStreams: -1 }, "limits.silentStreams must be an integer of at least 1, got -1"],
    [
      { silentStreamsPerNetwork: 0.5 },
      "limits.silentStreamsPerNetwork must be an integer of at least 1, got 0.5",
    ],
    [{ streams: NaN }, "limits.streams must be an integer of at least 1, got NaN"],
  ];
  for (const [limits = {}, message] of cases) {
    await assert.rejects(
      listen(serverHost, { secretKey: SECRET_KEY, limits }),
      new RangeError(message),
    );
  }
});

test("R2: a token makes a candidate and no session, and none is left after ten seconds", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const client = await shakeHands(pair, listener);
  client.socket.send(client.resume());
  await pair.pass(50);
  assert.equal(listener.stats().candidates, 1);
  assert.equal(listener.stats().sessionsOpen, 0);
  client.socket.send(client.resume());
  await pair.pass(9_990);
  assert.equal(listener.stats().candidates, 0);
  // It may be shown again: the token is good for ten minutes.
  client.socket.send(client.resume());
  client.socket.send(client.forger.sign());
  await pair.pass(50);
  assert.equal(listener.stats().sessionsOpen, 1);
  assert.equal(listener.stats().candidates, 0);
  await pair.run(listener.close());
});

test("the first packet that opens makes the session, whatever noise comes before it from there", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const client = await shakeHands(pair, listener);
  const others = [];
  for (let i = 2; i <= 4; i++) others.push(await shakeHands(pair, listener, i));
  // Somebody shows other tokens from the client's address.
  for (const other of others) client.socket.send(client.resume(0, other.token));
  client.socket.send(client.resume());
  for (let i = 0; i < 20; i++) client.socket.send(new Uint8Array(200).fill(i));
  client.socket.send(client.forger.data(0, Uint8Array.of(1, 2, 3)));
  const session = await pair.run(listener.accept());
  assert.deepEqual(await pair.run(session.receive()), Uint8Array.of(1, 2, 3));
  assert.deepEqual(reasons(listener.stats()), { packetsFailed: 20, unopened: 20 });
  await pair.run(listener.close());
});

test("limits.candidates refuses the newest stranger in silence, and counts it as droppedByCandidateLimit", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ limits: { candidates: 3 } });
  const clients = [];
  for (let i = 1; i <= 5; i++) clients.push(await shakeHands(pair, listener, i));
  const sent = pair.down.counts.sent;
  for (
    const { socket, resume } of clients.map((client) => ({
      socket: client.socket,
      resume: client.resume(),
    }))
  ) socket.send(resume);
  await pair.pass(50);
  assert.equal(listener.stats().candidates, 3);
  assert.deepEqual(reasons(listener.stats()), { droppedByCandidateLimit: 2 });
  assert.equal(pair.down.counts.sent, sent);
  for (const { socket, forger } of clients) socket.send(forger.sign());
  await pair.pass(50);
  assert.equal(listener.stats().sessionsOpen, 3);
  await pair.run(listener.close());
});

test("droppedBySessionLimit and droppedByBacklog: sessions that are there stay, and go on under new keys", async () => {
  for (
    const [limits, reason] of [
      [{ sessions: 2 }, "droppedBySessionLimit"],
      [{ backlog: 2 }, "droppedByBacklog"],
    ] as const
  ) {
    const pair = new VirtualPair();
    const listener = await pair.listen({ limits });
    const clients = [];
    for (let i = 1; i <= 3; i++) {
      const client = await shakeHands(pair, listener, i);
      client.socket.send(client.resume());
      client.socket.send(client.forger.sign());
      clients.push(client);
    }
    await pair.pass(50);
    assert.equal(listener.stats().sessionsOpen, 2);
    assert.deepEqual(reasons(listener.stats()), { [reason]: 1 });
    // Both that are there still are.
    for (const { forger, socket } of clients) socket.send(forger.data(0, Uint8Array.of(7)));
    await pair.pass(50);
    const session = await pair.run(listener.accept());
    assert.deepEqual(await pair.run(session.receive()), Uint8Array.of(7));
    await pair.run(listener.close());
  }
});

test("onHello() is told where a hello comes from, and may refuse it before any public-key work", async () => {
  const pair = new VirtualPair();
  let isOpen = false;
  let agreements = 0;
  const told: unknown[] = [];
  const x25519 = portableX25519(pair.serverHost.random);
  const counting = {
    generate: () => {
      agreements++;
      return x25519.generate();
    },
    shared: (...keys: Parameters<typeof x25519.shared>) => x25519.shared(...keys),
  };
  const listener = await listen({ ...pair.serverHost, x25519: counting }, {
    port: PORT,
    secretKey: SECRET_KEY,
    freshKey: true,
    onHello: ({ remoteAddr, carrier, now }) => {
      told.push([remoteAddr.hostname, carrier, now === pair.now]);
      return isOpen;
    },
  });
  const options = { hostname: "server", port: PORT, serverKey: listener.publicKey };
  const attempt = connect(pair.clientHost, { ...options, timeout: 1_000 });
  await assert.rejects(pair.run(attempt), isError("no-answer"));
  assert.equal(agreements, 0);
  assert.equal(pair.down.counts.sent, 0);
  assert.ok(told.length >= 3);
  for (const each of told) assert.deepEqual(each, [pair.clientHost.address, "udp", true]);
  assert.deepEqual(reasons(listener.stats()), { droppedByOnHello: told.length });
  isOpen = true;
  await pair.run(connect(pair.clientHost, options));
  assert.equal(agreements, 1);
  await pair.run(listener.close());
});

test("what onHello() throws refuses the hello and is an uncaught error, and the listener goes on", async () => {
  const pair = new VirtualPair();
  let isWrong = true;
  const listener = await pair.listen({
    onHello: () => {
      if (isWrong) throw new Error("a mistake");
      return true;
    },
  });
  const uncaught = await collectUncaught(async () => {
    await assert.rejects(pair.connect(listener, { timeout: 1_000 }), isError("no-answer"));
  });
  assert.equal(uncaught.length, listener.stats().droppedByOnHello);
  for (const error of uncaught) assert.ok(error instanceof Error && error.message === "a mistake");
  assert.equal(listener.stats().handshakes, 0);
  isWrong = false;
  await pair.connect(listener);
  await pair.run(listener.close());
});

test("over TCP onHello() is asked of each connection, and of the session in it", async () => {
  const pair = new VirtualPair();
  let isOpen = false;
  const carriers: string[] = [];
  const listener = await pair.listen({
    tcp: true,
    onHello: ({ carrier }) => {
      carriers.push(carrier);
      return isOpen;
    },
  });
  const options = { protocol: "tcp", timeout: 2_000 } as const;
  await assert.rejects(pair.connect(listener, options), isError("no-answer"));
  const refused = carriers.length;
  assert.ok(refused > 0);
  assert.equal(listener.stats().streams?.refused, refused);
  assert.deepEqual(reasons(listener.stats()), { droppedByOnHello: refused });
  isOpen = true;
  const client = await pair.connect(listener, { ...options, shards: 1 });
  assert.ok(carriers.length >= refused + 2);
  assert.deepEqual([...new Set(carriers)], ["tcp"]);
  await pair.run(client.close());
  await pair.run(listener.close());
});

test("B-OLD: a token that is eleven minutes old is met with silence, and counted", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const client = await shakeHands(pair, listener);
  await pair.pass(11 * 60_000);
  const sent = pair.down.counts.sent;
  for (let i = 0; i < 3; i++) {
    client.socket.send(client.resume());
    client.socket.send(client.forger.data(i, Uint8Array.of(i)));
    await pair.pass(1_000);
  }
  assert.equal(pair.down.counts.sent, sent);
  assert.equal(listener.stats().sessionsOpen, 0);
  assert.equal(listener.stats().packetDrops.token, 3);
  await pair.run(listener.close());
});

test("B-OLD: the token of a session that was dropped opens no other, though its packets are said again", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const peer = await againstServer(pair, listener);
  const packets = Array.from({ length: 5 }, (_, i) => peer.forger.data(i, Uint8Array.of(i)));
  for (const packet of packets) peer.send(packet);
  await pair.pass(50);
  await pair.run(peer.session.close());
  await pair.pass(5_000);
  const sent = pair.down.counts.sent;
  // One for whom the token was good as long as the session lived, and the session has ended lately.
  for (let minute = 0; minute < 9; minute++) {
    for (const packet of [peer.client.resume(), ...packets]) peer.send(packet);
    await pair.pass(60_000);
  }
  assert.equal(pair.down.counts.sent, sent);
  assert.equal(listener.stats().sessionsOpen, 0);
  assert.equal(listener.stats().packetsReplayed, 9);
  assert.equal(listener.stats().candidates, 0);
  await pair.run(listener.close());
});

test("B-OLD: a token of another server with the same key is met with silence", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const client = await shakeHands(pair, listener);
  await pair.run(listener.close());
  const other = await pair.listen();
  const sent = pair.down.counts.sent;
  client.socket.send(client.resume());
  client.socket.send(client.forger.sign());
  await pair.pass(1_000);
  assert.equal(pair.down.counts.sent, sent);
  assert.equal(other.stats().packetDrops.token, 1);
  assert.equal(other.stats().candidates, 0);
  await pair.run(other.close());
});

test("B-REFLECT: a spoofed resume brings nothing, and a session from there three times as much at the most, whatever it says that it has received", async (context) => {
  const pair = new VirtualPair();
  const victim = pair.network.addNode("victim");
  let [came, went] = [0, 0];
  const listener = await pair.listen({
    onReceive: (length, { hostname }) => {
      if (hostname === victim.address) came += length;
    },
    onSend: (length, { hostname }) => {
      if (hostname === victim.address) went += length;
    },
  });
  const to = { hostname: pair.serverHost.address, port: PORT };
  const spoof = (packet: Uint8Array, port: number) =>
    pair.network.inject(packet, { hostname: victim.address, port }, to);
  let worst = 0;
  for (let i = 0; i < 10; i++) {
    const client = await shakeHands(pair, listener, 10 + i);
    const before = [came, went] as const;
    for (let shard = 0; shard < 5; shard++) spoof(client.resume(shard), 100 + i);
    await pair.pass(50);
    assert.equal(went, before[1], "a resume is not answered");
    // The smallest packet there is; with the keys, from the victim's address.
    spoof(client.forger.data(0, new Uint8Array(0), {}, OWN_KIND), 100 + i);
    const session = await pair.run(listener.accept());
    for (let j = 1; j < 200; j++) {
      session.send(new Uint8Array(1_000));
      const { framesSent } = session.stats();
      const lie = { highReceived: framesSent - 1, totalReceived: framesSent };
      spoof(client.forger.data(j, new Uint8Array(0), lie, OWN_KIND), 100 + i);
      await pair.pass(10);
      worst = Math.max(worst, (went - before[1]) / (came - before[0]));
    }
  }
  context.diagnostic(`${worst.toFixed(2)} bytes for each that came`);
  assert.ok(went > 0 && worst <= 3, `${worst}`);
  await pair.run(listener.close());
});

test("a datagram of nobody's ends up in one counter", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const socket = await openSocket(pair);
  for (const length of [0, 50, 99, 100, 1_000, 2_048, 2_049]) socket.send(new Uint8Array(length));
  await pair.pass(50);
  const { length, unopened } = listener.stats().packetDrops;
  assert.deepEqual({ length, unopened }, { length: 4, unopened: 3 });
  assert.equal(socket.received.length, 0);
  await pair.run(listener.close());
});
