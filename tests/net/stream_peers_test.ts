/**
 * Connections at their limit: who has a session keeps his.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { portableX25519 } from "../../src/crypto/keys.ts";
import { Random } from "../../src/random.ts";
import { ClientRecordMachine } from "../../src/records/client_machine.ts";
import type { Listener } from "../../src/net/listen_contract.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

/** Connections: two of them are of clients. */
const LIMIT = 4;

/** Connections of strangers. */
const STRANGERS = 12;

/** Somebody who knows the server's key makes a connection, proves that, and says no more. */
async function occupy(pair: VirtualPair, listener: Listener, name: number): Promise<void> {
  const host = pair.clientHost;
  const machine = new ClientRecordMachine({
    serverKey: listener.publicKey,
    name: new Uint8Array(16).fill(name),
    x25519: portableX25519(host.random),
    random: new Random(host.random),
  }, host.epochSeconds());
  const address = { hostname: pair.serverHost.address, port: PORT };
  const stream = await pair.run(host.connectStream(address));
  await pair.run(stream.writable.getWriter().write(machine.hello.slice()));
  await pair.pass(100);
}

test("limits.streams: connections that belong to no session make room, and those of sessions never do", async () => {
  const pair = new VirtualPair({ delay: 10 });
  const limits = { streams: LIMIT };
  const listener = await pair.listen({ tcp: true, limits });
  const options = { protocol: "tcp", shards: 1 } as const;
  const clients = [];
  for (let n = 0; n < 2; n++) clients.push(await pair.connect(listener, options));
  const servers = [await pair.run(listener.accept()), await pair.run(listener.accept())];
  const ports = servers.map(({ remoteAddr }) => remoteAddr.port);
  await pair.pass(5_000);
  for (let name = 1; name <= STRANGERS; name++) await occupy(pair, listener, name);
  const { accepted, proven, provenEvicted, cuts } = listener.stats().streams!;
  assert.equal(accepted, 2 + STRANGERS, "no client had to come again");
  assert.deepEqual([proven, provenEvicted, cuts], [LIMIT, 2 + STRANGERS - LIMIT, 0]);
  for (const [n, server] of servers.entries()) {
    assert.ok(clients[n]?.send(Uint8Array.of(n)));
    assert.deepEqual(await pair.run(server.receive()), Uint8Array.of(n));
    assert.equal(server.remoteAddr.port, ports[n]);
  }
  // A client that is new still finds a place, as long as somebody has one who does nothing with it.
  const late = await pair.connect(listener, options);
  await pair.run(Promise.all([...clients, late].map((client) => client.close())));
  await pair.run(listener.close());
});
