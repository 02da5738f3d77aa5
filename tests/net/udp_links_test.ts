import { test } from "node:test";
import assert from "node:assert/strict";
import type { Host } from "../../src/host.ts";
import { connect } from "../../src/net/client.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

const DEAD = "192.0.2.77";

for (const place of ["first", "last"] as const) {
  test(`openUdpLinks(): of two addresses of one family the one that answers is kept, also as the ${place}`, async () => {
    const pair = new VirtualPair();
    const { address } = pair.serverHost;
    const host: Host = {
      ...pair.clientHost,
      resolve: () => Promise.resolve(place === "first" ? [address, DEAD] : [DEAD, address]),
    };
    const listener = await pair.listen();
    const { publicKey: serverKey } = listener;
    const near = await pair.run(connect(host, { hostname: "server", port: PORT, serverKey }));
    assert.equal(near.remoteAddr.hostname, address);
    assert.equal(pair.clientHost.openSockets, 1);
    await pair.run(near.close());
    await pair.run(listener.close());
    assert.equal(pair.network.openSockets, 0);
  });
}
