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
  await pair.run(client.close());
  await pair.run(listener.close());
  await pair.pass(60_000);
  assert.equal(pair.network.openSockets, 0);
});

test("connect() tries a connector that fails again, and in the end its error is the cause of no-answer", async () => {
  const pair = new VirtualPair();
  const error = new Error("not today");
  let asked = 0;
  const connecting = connect(pair.clientHost, {
    hostname: "server",
    port: PORT,
    serverKey: new Uint8Array(32).fill(9),
    protocol: "tcp",
    timeout: 5_000,
    connector: () => {
      asked++;
      return Promise.reject(error);
    },
  });
  await assert.rejects(pair.run(connecting), { code: "no-answer", cause: error });
  assert.ok(asked >= 3, `${asked}`);
});

for (const code of ["proxy-login-refused", "proxy-refused"] as const) {
  test(`connect() rejects with ${code} at once, though a connector failed otherwise before`, async () => {
    const pair = new VirtualPair();
    const refusal = new SosistabError(code, "no");
    const answers: Error[] = [new SosistabError("proxy-failed", "dead"), refusal];
    const asking = connect(pair.clientHost, {
      hostname: "server",
      port: PORT,
      serverKey: new Uint8Array(32).fill(9),
      protocol: "tcp",
      connector: () => Promise.reject(answers.shift()),
    });
    await assert.rejects(pair.run(asking), (error) => error === refusal);
    assert.ok(pair.now < 1_000, `${pair.now}`);
    assert.equal(answers.length, 0);
    await pair.pass(60_000);
    assert.equal(pair.clientHost.openSockets, 0);
  });
}

test("connect() says by the cause of no-answer that nobody takes TCP there", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ tcp: false });
  for (const protocol of ["tcp", "auto"] as const) {
    pair.up.change({ blocksDatagrams: true });
    const connecting = connect(pair.clientHost, {
      hostname: "server",
      port: PORT,
      serverKey: listener.publicKey,
      protocol,
      timeout: 3_000,
    });
    await assert.rejects(pair.run(connecting), (error) => {
      assert.ok(error instanceof SosistabError && error.code === "no-answer");
      assert.ok(error.cause instanceof SosistabError && error.cause.code === "reset");
      return true;
    });
  }
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
