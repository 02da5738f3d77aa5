import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import type { RelConn } from "../../src/net/contract.ts";
import { SessionIdentity } from "../../src/crypto/keys.ts";
import { againstServer } from "../support/forged_peer.ts";
import { readAll, VirtualPair } from "../support/virtual_pair.ts";

const LENGTH = 3_000_000;
const BYTES = Uint8Array.from({ length: LENGTH }, (_, i) => (i * 31 + (i >> 8)) % 251);

const hasCode = (code: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code;

async function send(conn: RelConn): Promise<void> {
  await conn.write(BYTES);
  conn.closeWrite();
}

test("replaceSession() lets streams go on, and nothing is lost or doubled in either direction", async () => {
  const pair = new VirtualPair({ delay: 20, rate: 20, queue: 60, loss: 0.02 });
  const { listener, client, server, clientMux } = await pair.conns();
  const all = Promise.all([send(client), send(server), readAll(client), readAll(server)]);
  for (let i = 0; i < 4; i++) {
    await pair.pass(300);
    const next = await pair.connect(listener);
    clientMux.replaceSession(next);
    assert.throws(() => next.send(new Uint8Array(1)), hasCode("closed"));
  }
  const [, , down, up] = await pair.run(all, 120_000);
  assert.deepEqual(down, BYTES);
  assert.deepEqual(up, BYTES);
  assert.equal(listener.stats().sessionsOpen, 1);
  // Streams that are opened from now on work, too.
  await pair.run(clientMux.openConn("again"));
  await pair.run(clientMux.close());
  await pair.pass(1_000);
  await pair.run(listener.close());
  await pair.pass(1_000);
  assert.equal(pair.network.openSockets, 0);
  assert.equal(pair.network.clock.pending, 0);
});

test("replaceSession() takes over a session that has been in use for long", async () => {
  const pair = new VirtualPair({ delay: 20 });
  const { listener, client, server, clientMux } = await pair.conns();
  const next = await pair.connect(listener);
  const far = await pair.run(listener.accept());
  next.send(BYTES.subarray(0, 100));
  assert.equal((await pair.run(far.receive())).length, 100);
  clientMux.replaceSession(next);
  const all = Promise.all([send(client), send(server), readAll(client), readAll(server)]);
  const [, , down, up] = await pair.run(all, 120_000);
  assert.deepEqual(down, BYTES);
  assert.deepEqual(up, BYTES);
  assert.equal((await pair.run(far.closed)).by, "local");
  await pair.run(clientMux.close());
  await pair.run(listener.close());
});

test("replaceSession() lets a carrier be judged by round trips that are measured still", async () => {
  const pair = new VirtualPair({ delay: 20 });
  const { listener, client: near, server: far } = await pair.sessions({ tcp: true }, {
    protocol: "auto",
  });
  const [nearMux, farMux] = [near.multiplex(), far.multiplex()];
  const [conn, farConn] = await pair.run(Promise.all([nearMux.openConn(), farMux.acceptConn()]));
  const reading = readAll(farConn);
  nearMux.replaceSession(await pair.connect(listener, { protocol: "auto" }));
  // Little flows, but nothing waits: there is no reason to try TCP.
  for (let i = 0; i < 200; i++) {
    await pair.run(conn.write(BYTES.subarray(0, 5_000)));
    await pair.pass(50);
  }
  assert.equal(listener.stats().streams?.accepted, 0);
  conn.closeWrite();
  assert.equal((await pair.run(reading)).length, 200 * 5_000);
  await pair.run(nearMux.close());
  await pair.run(listener.close());
});

test("replaceSession() refuses what is no session of its end", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.multiplexes();
  const elsewhere = new VirtualPair();
  const { client: ended, server: other } = await elsewhere.sessions();
  assert.throws(() => client.replaceSession(other), TypeError);
  assert.throws(() => client.replaceSession(server as never), TypeError);
  await elsewhere.run(ended.close());
  assert.throws(() => client.replaceSession(ended), hasCode("closed"));
});

test("a client whose server lost the streams in between is told, and goes on", async () => {
  const pair = new VirtualPair();
  const { listener, client, clientMux } = await pair.conns();
  pair.blackout(true);
  await pair.run(listener.close());
  pair.blackout(false);
  const again = await pair.listen();
  clientMux.replaceSession(await pair.connect(again));
  await assert.rejects(pair.run(client.read(new Uint8Array(1)), 5_000), hasCode("session-lost"));
  const server = (await pair.run(again.accept())).multiplex();
  const [conn] = await pair.run(Promise.all([clientMux.openConn(), server.acceptConn()]));
  await pair.run(conn.write(BYTES.subarray(0, 10)));
});

test("a client that claims its own session, or one that is not its own, changes nothing", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const peer = await againstServer(pair, listener);
  const other = await againstServer(pair, listener, 2);
  const own = new SessionIdentity(peer.client.secret);
  const foreign = new SessionIdentity(other.client.secret);
  const claims = [
    [...own.name, ...own.prove(own.name)],
    [...foreign.name, ...own.prove(own.name)],
    [...new Uint8Array(24)],
  ];
  for (const [i, claim] of claims.entries()) {
    const extension = { bits: 0, continuation: Uint8Array.from(claim) };
    peer.send(peer.forger.data(i, Uint8Array.of(i), {}, { lossByte: 0, extension }));
  }
  await pair.pass(100);
  for (const { session } of [peer, other]) assert.equal(session.send(Uint8Array.of(1)), true);
  assert.equal(listener.stats().sessionsOpen, 2);
  assert.deepEqual(await peer.session.receive(), Uint8Array.of(0));
});

test("a session that is taken over ends its own multiplex at the server, and its waits", async () => {
  const pair = new VirtualPair();
  const { listener, client, server, clientMux } = await pair.conns();
  const next = await pair.connect(listener);
  const far = (await pair.run(listener.accept())).multiplex();
  const accepting = far.acceptConn();
  clientMux.replaceSession(next);
  await assert.rejects(pair.run(accepting, 5_000), hasCode("closed"));
  await pair.run(client.write(BYTES.subarray(0, 10)));
  assert.equal(await pair.run(server.read(new Uint8Array(100))), 10);
});
