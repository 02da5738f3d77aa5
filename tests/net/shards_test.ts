import { test } from "node:test";
import assert from "node:assert/strict";
import type { Address } from "../../src/address.ts";
import type { Host } from "../../src/host.ts";
import { connect } from "../../src/net/client.ts";
import { worstOf } from "../../src/net/shard_resets.ts";
import type { Session } from "../../src/net/contract.ts";
import { PORT, readAll, VirtualPair } from "../support/virtual_pair.ts";

const BYTES = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 8)) % 251);

for (const protocol of ["udp", "tcp"] as const) {
  test(`shards spread the packets over several links, ${protocol}`, async () => {
    const pair = new VirtualPair({ delay: 10, rate: 50, queue: 200, loss: 0.01 });
    const addresses = new Map<string, number>();
    const listener = await pair.listen({
      tcp: protocol === "tcp",
      onReceive: (_, { port }) => addresses.set(`${port}`, (addresses.get(`${port}`) ?? 0) + 1),
      onSend: (_, { port }) => addresses.set(`to ${port}`, (addresses.get(`to ${port}`) ?? 0) + 1),
    });
    const near = (await pair.connect(listener, { protocol, shards: 4 })).multiplex();
    const far = (await pair.run(listener.accept())).multiplex();
    const [client, server] = await pair.run(Promise.all([near.openConn(), far.acceptConn()]));
    const send = async () => {
      await server.write(BYTES);
      server.closeWrite();
    };
    const up = client.write(BYTES).then(() => client.closeWrite());
    const [, , down] = await pair.run(Promise.all([send(), up, readAll(client), readAll(server)]));
    assert.deepEqual(down, BYTES);
    const of = (prefix: string) =>
      [...addresses].filter(([key]) => key.startsWith("to ") === (prefix !== ""));
    assert.equal(of("").length, 4);
    assert.equal(of("to ").length, 4);
    for (const [where, count] of addresses) assert.ok(count > 150, `${where}: ${count}`);
    await pair.run(near.close());
    await pair.run(listener.close());
    await pair.pass(60_000);
    assert.equal(pair.network.openSockets, 0);
  });
}

/** How long a message to the server takes at the most, ms, of many one after the other. */
async function longestWay(pair: VirtualPair, near: Session, far: Session): Promise<number> {
  const [nearMux, farMux] = [near.multiplex(), far.multiplex()];
  const [conn, farConn] = await pair.run(Promise.all([nearMux.openConn(), farMux.acceptConn()]));
  let longest = 0;
  for (let i = 0; i < 100; i++) {
    const sentAt = pair.now;
    await pair.run(conn.write(Uint8Array.of(i)), 60_000);
    await pair.run(farConn.read(new Uint8Array(1)), 60_000);
    longest = Math.max(longest, pair.now - sentAt);
    await pair.pass(20);
  }
  return longest;
}

/** More than one way through the network takes here, ms, and less than two. */
const ONE_WAY = 35;

test("shards over TCP open to whichever address of the server answers, not to the first alone", async () => {
  const pair = new VirtualPair({ delay: 20 });
  const listener = await pair.listen({ udp: false, tcp: true });
  const { address } = pair.serverHost;
  const host: Host = {
    ...pair.clientHost,
    resolve: () => Promise.resolve(["192.0.2.77", address]),
  };
  const { publicKey: serverKey } = listener;
  const options = { hostname: "server", port: PORT, serverKey, protocol: "tcp" } as const;
  const near = await pair.run(connect(host, options));
  const far = await pair.run(listener.accept());
  assert.ok(await longestWay(pair, near, far) < ONE_WAY);
  assert.equal(listener.stats().streams?.links, 6);
  await pair.run(near.close());
  await pair.run(listener.close());
});

test("shards over TCP that do not open are given nothing, while there is one that is open", async () => {
  const pair = new VirtualPair({ delay: 20 });
  const listener = await pair.listen({ udp: false, tcp: true });
  const server = { hostname: pair.serverHost.address, port: PORT };
  let asked = 0;
  const near = await pair.connect(listener, {
    protocol: "tcp",
    connector: () =>
      asked++ === 0
        ? pair.clientHost.connectStream(server)
        : Promise.withResolvers<never>().promise,
  });
  const far = await pair.run(listener.accept());
  assert.ok(await longestWay(pair, near, far) < ONE_WAY);
  assert.equal(asked, 6);
  await pair.run(near.close());
  await pair.run(listener.close());
});

test("resetInterval: a shard through which less comes than through the others is replaced", async () => {
  const pair = new VirtualPair();
  const bound: Address[] = [];
  // Nothing comes through the second socket.
  const host: Host = {
    ...pair.clientHost,
    async bindDatagram(address, handler) {
      const isDeaf = bound.length === 1;
      const onDatagram = isDeaf ? () => {} : handler.onDatagram.bind(handler);
      const onError = handler.onError.bind(handler);
      const socket = await pair.clientHost.bindDatagram(address, { onDatagram, onError });
      bound.push(socket.addr);
      return socket;
    },
  };
  const listener = await pair.listen();
  const { publicKey: serverKey, addr } = listener;
  const near = await pair.run(
    connect(host, { ...addr, serverKey, shards: 4, resetInterval: 2_000 }),
  );
  near.send(Uint8Array.of(0));
  const far = await pair.run(listener.accept());
  const talk = async (time: number) => {
    for (const until = pair.now + time; pair.now < until; await pair.pass(10)) {
      near.send(Uint8Array.of(1));
      far.send(Uint8Array.of(2));
    }
  };
  await talk(1_900);
  assert.equal(bound.length, 4);
  await talk(200);
  assert.equal(bound.length, 5);
  // The others share what comes, and stay; so does the new one.
  const before = near.stats().framesReceived;
  await talk(10_000);
  assert.equal(bound.length, 5);
  const share = (near.stats().framesReceived - before) / 1_000;
  assert.ok(share > 0.99, `${share} of all arrived`);
  await pair.run(near.close());
  await pair.run(listener.close());
});

test("worstOf() finds the count that is no even share, and leaves chance alone", () => {
  assert.equal(worstOf([100, 100, 100, 10]), 3);
  assert.equal(worstOf([0, 100]), 0);
  assert.equal(worstOf([90, 100, 110]), undefined);
  assert.equal(worstOf([0, 9]), undefined, "too few to tell");
  assert.equal(worstOf([1_000]), undefined);
  assert.equal(worstOf([]), undefined);
});
