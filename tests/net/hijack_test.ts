/**
 * B-HIJACK: somebody on the path copies what a client sends, and his copies are always first.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../src/adapters/sim.ts";
import type { Address } from "../../src/address.ts";
import type { DatagramSocket, Host } from "../../src/host.ts";
import { PORT, readAll, VirtualPair } from "../support/virtual_pair.ts";

/** The path's one way, ms. */
const DELAY = 20;
const SIZE = 1_000_000;

/** A client whose every datagram but the hello is at the server from elsewhere before it arrives. */
class Hijacked {
  readonly pair = new VirtualPair({ delay: DELAY, rate: 20, queue: 100 });
  readonly thief = this.pair.network.addNode("thief");
  isActive = true;
  sent = 0;
  got = 0;
  /** When something went to the thief for the last time. */
  lastAt = -Infinity;
  #datagrams = 0;

  /** The client's host. */
  get host(): Host {
    const { clientHost } = this.pair;
    return {
      ...clientHost,
      bindDatagram: async (address, handler): Promise<DatagramSocket> => {
        const socket = await clientHost.bindDatagram(address, handler);
        const send = (datagram: Uint8Array, to: Address) => {
          // A copy of the hello would make the answer go elsewhere, as cutting the path does.
          if (this.isActive && this.#datagrams++ > 0) this.#copy(datagram);
          return socket.send(datagram, to);
        };
        return { addr: socket.addr, send, close: () => socket.close() };
      },
    };
  }

  /** Opens both ends of a stream. */
  async open() {
    const { pair } = this;
    await this.thief.bindDatagram({ hostname: "::", port: 7 }, {
      onDatagram: () => {},
      onError: () => {},
    });
    const listener = await pair.listen({
      onSend: (length, to) => {
        if (to.hostname !== this.thief.address) return;
        this.got += length;
        this.lastAt = pair.now;
      },
    });
    const { publicKey: serverKey } = listener;
    const client = await pair.run(
      connect(this.host, { hostname: "server", port: PORT, serverKey }),
    );
    const server = await pair.run(listener.accept());
    const [near, far] = [client.multiplex(), server.multiplex()];
    const [up, down] = await pair.run(Promise.all([near.openConn(), far.acceptConn()]));
    return { listener, up, down, server };
  }

  #copy(datagram: Uint8Array): void {
    this.sent += datagram.length;
    const from = { hostname: this.thief.address, port: 7 };
    const to = { hostname: this.pair.serverHost.address, port: PORT };
    this.pair.network.inject(datagram, from, to);
  }
}

test("B-HIJACK: whoever is first with copies of all that a client sends gets three times that at the most, and nothing is lost", async (context) => {
  const hijacked = new Hijacked();
  const { pair } = hijacked;
  const { listener, up, down } = await hijacked.open();
  const data = new Uint8Array(SIZE).map((_, i) => i * 7 + (i >>> 9));
  const since = pair.now;
  const sending = (async () => {
    await down.write(data);
    await down.close();
  })();
  const received = await pair.run(readAll(up), 60_000);
  await pair.run(sending);
  assert.deepEqual(received, data);
  const share = hijacked.got / hijacked.sent;
  context.diagnostic(
    `${SIZE} bytes in ${
      ((pair.now - since) / 1000).toFixed(1)
    } s; the thief sent ${hijacked.sent} bytes, and got ${share.toFixed(2)} for each`,
  );
  assert.ok(hijacked.sent > 1_000, "there was something to copy");
  assert.ok(share > 0 && share <= 3, `${share}`);
  assert.ok(pair.now - since < 10_000, "the session is of use meanwhile");
  await pair.run(listener.close());
});

test("B-HIJACK: once he stops everything goes to the true address within a round trip", async (context) => {
  const hijacked = new Hijacked();
  const { pair } = hijacked;
  const { listener, up, down, server } = await hijacked.open();
  void down.write(new Uint8Array(20 * SIZE)).catch(() => {});
  void readAll(up).catch(() => {});
  await pair.pass(2_000);
  assert.ok(hijacked.got > 0);
  hijacked.isActive = false;
  const stoppedAt = pair.now;
  await pair.pass(3_000);
  const lasted = hijacked.lastAt - stoppedAt;
  context.diagnostic(`${lasted.toFixed(1)} ms after he had stopped`);
  assert.ok(lasted <= 2 * DELAY, `${lasted} ms`);
  assert.equal(server.remoteAddr.hostname, pair.clientHost.address);
  await pair.run(listener.close());
});
