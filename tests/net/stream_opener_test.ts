import { test } from "node:test";
import assert from "node:assert/strict";
import type { Address } from "../../src/address.ts";
import { SosistabError } from "../../src/errors.ts";
import { connect } from "../../src/net/client.ts";
import { PORT, readAll, VirtualPair } from "../support/virtual_pair.ts";

test("connect() opens its streams by the connector, which gets the name as it was given", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ udp: false, tcp: true });
  const asked: Address[] = [];
  const connecting = connect(pair.clientHost, {
    hostname: "only.the.proxy.knows",
    port: PORT,
    serverKey: listener.publicKey,
    protocol: "tcp",
    shards: 1,
    connector: (address, { signal }) => {
      asked.push(address);
      const server = { hostname: pair.serverHost.address, port: PORT };
      return pair.clientHost.connectStream(server, signal ? { signal } : {});
    },
  });
  const client = await pair.run(connecting);
  assert.deepEqual(asked, [{ hostname: "only.the.proxy.knows", port: PORT }]);
  assert.equal(client.stats().carrier, "stream");
  const server = await pair.run(listener.accept());
  const [near, far] = await pair.run(
    Promise.all([client.multiplex().openConn(), server.multiplex().acceptConn()]),
  );
  await near.write(new Uint8Array(5_000).fill(3));
  near.closeWrite();
  assert.deepEqual(await pair.run(readAll(far)), new Uint8Array(5_000).fill(3));
  await client.close();
  await listener.close();
  await pair.pass(60_000);
  assert.equal(pair.network.openSockets, 0);
});

test("connect() tries a connector that fails again, and rejects with no-answer in the end", async () => {
  const pair = new VirtualPair();
  let asked = 0;
  const connecting = connect(pair.clientHost, {
    hostname: "server",
    port: PORT,
    serverKey: new Uint8Array(32).fill(9),
    protocol: "tcp",
    timeout: 5_000,
    connector: () => {
      asked++;
      return Promise.reject(new Error("not today"));
    },
  });
  await assert.rejects(
    pair.run(connecting),
    (error) => error instanceof SosistabError && error.code === "no-answer",
  );
  assert.ok(asked >= 3, `${asked}`);
});

test("accept() gives the sessions of one listener that came over UDP and over TCP", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ tcp: true });
  for (const protocol of ["udp", "tcp"] as const) {
    const client = await pair.connect(listener, { protocol });
    client.send(Uint8Array.of(1));
    const server = await pair.run(listener.accept());
    assert.equal(server.stats().carrier, protocol);
    assert.equal(client.stats().carrier, protocol);
  }
  assert.equal(listener.stats().sessionsOpen, 2);
});
