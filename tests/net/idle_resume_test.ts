/**
 * R1: what somebody has copied of a client that is gone does not keep its session.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";
import { connect } from "../../src/adapters/sim.ts";
import type { DatagramSocket, Host } from "../../src/host.ts";

const IDLE = 30_000;

test("the resumes of a client that has vanished, repeated by somebody else, do not keep its session", async () => {
  const pair = new VirtualPair({ delay: 20 });
  const listener = await pair.listen({ idleTimeout: IDLE });
  const { clientHost } = pair;
  const copies: Uint8Array[] = [];
  const host: Host = {
    ...clientHost,
    bindDatagram: async (address, handler): Promise<DatagramSocket> => {
      const socket = await clientHost.bindDatagram(address, handler);
      return {
        addr: socket.addr,
        send: (datagram, to) => {
          copies.push(datagram.slice());
          return socket.send(datagram, to);
        },
        close: () => socket.close(),
      };
    },
  };
  const { publicKey: serverKey } = listener;
  const client = await pair.run(connect(host, { hostname: "server", port: PORT, serverKey }));
  const server = await pair.run(listener.accept());
  client.send(Uint8Array.of(1));
  await pair.pass(1_000);
  pair.up.change({ isDown: true });
  const thief = pair.network.addNode("thief");
  const from = { hostname: thief.address, port: 7 };
  const to = { hostname: pair.serverHost.address, port: PORT };
  let end: string | undefined;
  void server.closed.then(({ by }) => end = by);
  for (let passed = 0; passed < 2 * IDLE; passed += 10_000) {
    await pair.pass(10_000);
    for (const copy of copies) pair.network.inject(copy.slice(), from, to);
  }
  assert.equal(end, "timeout");
  await pair.run(listener.close());
});
