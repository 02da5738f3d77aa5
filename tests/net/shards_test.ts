import { test } from "node:test";
import assert from "node:assert/strict";
import { worstOf } from "../../src/net/shard_resets.ts";
import { readAll, VirtualPair } from "../support/virtual_pair.ts";

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
    await near.close();
    await listener.close();
    await pair.pass(60_000);
    assert.equal(pair.network.openSockets, 0);
  });
}

test("worstOf() finds the count that is no even share, and leaves chance alone", () => {
  assert.equal(worstOf([100, 100, 100, 10]), 3);
  assert.equal(worstOf([0, 100]), 0);
  assert.equal(worstOf([90, 100, 110]), undefined);
  assert.equal(worstOf([0, 9]), undefined, "too few to tell");
  assert.equal(worstOf([1_000]), undefined);
  assert.equal(worstOf([]), undefined);
});
