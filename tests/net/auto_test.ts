import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../src/adapters/sim.ts";
import type { Host } from "../../src/host.ts";
import type { ConnectOptions, RelConn } from "../../src/net/contract.ts";
import { countedAlarms } from "../support/counted_alarms.ts";
import { testEachSeed } from "../support/each_seed.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

/** F-FALLBACK: TCP must be in use after so long, ms. */
const MOST_WAIT = 3_000;
const PATH = { delay: 15, rate: 20, queue: 100 };

function blockUdp(pair: VirtualPair, blocksDatagrams: boolean): void {
  pair.up.change({ blocksDatagrams });
  pair.down.change({ blocksDatagrams });
}

/** Two ends of a stream that chose their carrier by themselves. */
async function autoConns(pair: VirtualPair) {
  const { listener, client: near, server: far } = await pair.sessions({ tcp: true }, {
    protocol: "auto",
  });
  const [nearMux, farMux] = [near.multiplex(), far.multiplex()];
  const [client, server] = await pair.run(
    Promise.all([nearMux.openConn(), farMux.acceptConn()]),
  );
  return { listener, near, far, nearMux, farMux, client, server };
}

test("auto leaves nothing behind where a socket for datagrams takes longer than TCP's head start", async () => {
  const pair = new VirtualPair(PATH);
  const listener = await pair.listen({ tcp: true });
  const host: Host = {
    ...pair.clientHost,
    async bindDatagram(address, handler) {
      await new Promise<void>((resolve) => pair.clientHost.setAlarm(pair.now + 1_000, resolve));
      return pair.clientHost.bindDatagram(address, handler);
    },
  };
  const { publicKey: serverKey } = listener;
  const options = { hostname: "server", port: PORT, serverKey, protocol: "auto" } as const;
  const near = await pair.run(connect(host, options));
  assert.equal(listener.stats().streams?.accepted, 1);
  await pair.run(near.close());
  await pair.pass(30_000);
  assert.equal(pair.clientHost.openSockets, 0);
  await pair.run(listener.close());
});

test("auto goes back to UDP at whichever of the server's addresses it works", async () => {
  const pair = new VirtualPair(PATH);
  const { address } = pair.serverHost;
  const host: Host = {
    ...pair.clientHost,
    resolve: () => Promise.resolve(["192.0.2.77", address]),
  };
  const listener = await pair.listen({ tcp: true });
  const { publicKey: serverKey } = listener;
  blockUdp(pair, true);
  const options = { hostname: "server", port: PORT, serverKey, protocol: "auto" } as const;
  const near = await pair.run(connect(host, options));
  near.multiplex();
  (await pair.run(listener.accept())).multiplex();
  assert.equal(near.stats().carrier, "tcp");
  blockUdp(pair, false);
  await pair.pass(60_000);
  assert.equal(near.stats().carrier, "udp");
  assert.equal(near.remoteAddr.hostname, address);
  await pair.run(near.close());
  await pair.run(listener.close());
});

test("auto does with TCP alone on a machine that has no sockets for datagrams", async () => {
  const pair = new VirtualPair(PATH);
  const listener = await pair.listen({ tcp: true });
  const failure = new Error("no datagrams here");
  const bindDatagram = () => Promise.reject(failure);
  const { connectStream: _, ...streamless } = pair.clientHost;
  const { publicKey: serverKey } = listener;
  const options = { hostname: "server", port: PORT, serverKey, protocol: "auto" } as const;
  const near = await pair.run(connect({ ...pair.clientHost, bindDatagram }, options));
  assert.equal(near.stats().carrier, "tcp");
  // It is tried again now and then.
  await pair.pass(60_000);
  assert.equal(near.stats().carrier, "tcp");
  await pair.run(near.close());
  await assert.rejects(pair.run(connect({ ...streamless, bindDatagram }, options)), failure);
  await pair.pass(30_000);
  assert.equal(pair.clientHost.openSockets, 0);
  await pair.run(listener.close());
});

/** Sends numbers until it is stopped, and checks them at the other end; tells when each came. */
function pump(pair: VirtualPair, from: RelConn, to: RelConn) {
  const arrivals: number[] = [];
  let isOver = false;
  const sending = (async () => {
    for (let at = 0; !isOver; at++) {
      const chunk = new Uint8Array(2_000).fill(at % 251);
      await from.write(chunk);
      await new Promise<void>((resolve) => pair.clientHost.setAlarm(pair.now + 20, resolve));
    }
    from.closeWrite();
  })();
  const reading = (async () => {
    const into = new Uint8Array(65_536);
    let total = 0;
    for (;;) {
      const length = await to.read(into);
      if (length === null) return total;
      for (let i = 0; i < length; i++) {
        if (into[i] !== Math.floor((total + i) / 2_000) % 251) {
          throw new Error(`wrong byte ${total + i}`);
        }
      }
      total += length;
      arrivals.push(pair.now);
    }
  })();
  return {
    arrivals,
    async stop(): Promise<number> {
      isOver = true;
      await sending;
      return await reading;
    },
  };
}

test("auto uses UDP where it works, and TCP opens no connection", async () => {
  const pair = new VirtualPair(PATH);
  const { near, listener } = await autoConns(pair);
  assert.equal(near.stats().carrier, "udp");
  await pair.pass(60_000);
  assert.equal(near.stats().carrier, "udp");
  assert.equal(listener.stats().streams?.accepted, 0);
});

test("auto: when nobody answers nothing is left behind: no socket, no alarm, no stream that opens", async () => {
  const pair = new VirtualPair(PATH);
  const listener = await pair.listen({ tcp: false });
  let alarms = 0;
  let streams = 0;
  const { clientHost } = pair;
  const host: Host = {
    ...clientHost,
    setAlarm: countedAlarms(clientHost, (change) => alarms += change),
    connectStream: (address, options) => {
      streams++;
      return clientHost.connectStream(address, options);
    },
  };
  blockUdp(pair, true);
  const serverKey = listener.publicKey;
  const options: ConnectOptions = {
    hostname: "server",
    port: PORT,
    serverKey,
    protocol: "auto",
    timeout: 5_000,
  };
  await assert.rejects(pair.run(connect(host, options)), { code: "no-answer" });
  assert.equal(alarms, 0);
  const before = streams;
  assert.ok(before >= 4, `${before}`);
  await pair.pass(60_000);
  assert.equal(streams, before);
  assert.equal(clientHost.openSockets, 0);
});

test("auto: a trial of TCP ends when UDP, which was silent, is heard again", async () => {
  const pair = new VirtualPair(PATH);
  const listener = await pair.listen({ tcp: false });
  let streams = 0;
  const { clientHost } = pair;
  const host: Host = {
    ...clientHost,
    connectStream: (address, options) => {
      streams++;
      return clientHost.connectStream(address, options);
    },
  };
  const serverKey = listener.publicKey;
  const options = { hostname: "server", port: PORT, serverKey, protocol: "auto" } as const;
  const near = await pair.run(connect(host, options));
  const mux = near.multiplex();
  const farMux = (await pair.run(listener.accept())).multiplex();
  const [client, server] = await pair.run(Promise.all([mux.openConn(), farMux.acceptConn()]));
  const pumping = pump(pair, client, server);
  await pair.pass(5_000);
  blockUdp(pair, true);
  await pair.pass(10_000);
  assert.ok(streams >= 4, `${streams}`);
  blockUdp(pair, false);
  await pair.pass(5_000);
  assert.equal(near.stats().carrier, "udp");
  const before = streams;
  await pair.pass(60_000);
  assert.equal(streams, before);
  assert.equal(clientHost.openSockets, 1);
  await pair.run(pumping.stop());
});

testEachSeed({
  name: "F-FALLBACK: UDP is blocked from the start, and TCP is in use at once",
  file: import.meta.url,
  seeds: 5,
  async run(seed, context) {
    const pair = new VirtualPair(PATH, seed);
    blockUdp(pair, true);
    const { near } = await autoConns(pair);
    context.diagnostic(`a stream is open over TCP after ${pair.now.toFixed(0)} ms`);
    assert.ok(pair.now <= MOST_WAIT);
    assert.equal(near.stats().carrier, "tcp");
    assert.equal(near.stats().carrierReason, "it answered first");
  },
});

for (const direction of ["up", "down"] as const) {
  testEachSeed({
    name: `F-FALLBACK: UDP is blocked after 60 s and free again later, data going ${direction}`,
    file: import.meta.url,
    seeds: 3,
    async run(seed, context) {
      const pair = new VirtualPair(PATH, seed);
      const { near, client, server, listener } = await autoConns(pair);
      const [from, to] = direction === "up" ? [client, server] : [server, client];
      const pumping = pump(pair, from, to);
      await pair.pass(60_000);
      blockUdp(pair, true);
      const blockedAt = pair.now;
      await pair.pass(MOST_WAIT);
      const flowing = pumping.arrivals.find((at) => at > blockedAt + 40);
      assert.ok(flowing !== undefined, "nothing came over TCP");
      context.diagnostic(`flowing again over TCP after ${(flowing - blockedAt).toFixed(0)} ms`);
      assert.equal(near.stats().carrier, "tcp");
      assert.equal(near.stats().carrierReason, "UDP fell silent");
      await pair.pass(30_000);
      blockUdp(pair, false);
      const freeAt = pair.now;
      while (near.stats().carrier === "tcp" && pair.now < freeAt + 120_000) await pair.pass(1_000);
      assert.equal(near.stats().carrier, "udp");
      const seconds = (pair.now - freeAt) / 1_000;
      context.diagnostic(`back to UDP ${seconds.toFixed(0)} s after it works again`);
      await pair.pass(2_000);
      const total = await pair.run(pumping.stop());
      assert.ok(total > 2_000 * 2_500, `${total}`);
      assert.equal(listener.stats().sessionsOpen, 1);
    },
  });
}
