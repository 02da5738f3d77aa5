import { test } from "node:test";
import assert from "node:assert/strict";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import type { Host } from "../../src/host.ts";
import { openRelay } from "../../src/sim/relay.ts";

test("openRelay() binds towards the server in the server's family, wherever the clients are", async () => {
  const network = simulatedNetwork();
  const server = network.addNode("server", { address: "2001:db8::1" });
  const node = network.addNode("relay");
  const client = network.addNode("client");
  const bound: string[] = [];
  const host: Host = {
    ...node,
    bindDatagram: (address, handler) => {
      bound.push(address.hostname);
      return node.bindDatagram(address, handler);
    },
  };
  let came = 0;
  await server.bindDatagram({ hostname: "::", port: 9 }, {
    onDatagram: () => void came++,
    onError: () => {},
  });
  const relay = await network.run(openRelay(host, {
    server: { hostname: "server", port: 9 },
    listenAt: { hostname: "0.0.0.0", port: 8 },
  }));
  const socket = await client.bindDatagram({ hostname: "0.0.0.0", port: 0 }, {
    onDatagram: () => {},
    onError: () => {},
  });
  socket.send(Uint8Array.of(1), { hostname: node.address, port: 8 });
  await network.pass(100);
  assert.deepEqual([bound, came], [["0.0.0.0", "::"], 1]);
  relay.close();
});
