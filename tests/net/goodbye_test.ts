import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import type { DatagramHandler, DatagramSocket, Host } from "../../src/host.ts";
import type { Address } from "../../src/address.ts";
import { connect } from "../../src/net/client.ts";
import type { RelConn } from "../../src/net/contract.ts";
import { againstServer } from "../support/forged_peer.ts";
import { pattern } from "../support/pattern.ts";
import { PORT, readAll, VirtualPair } from "../support/virtual_pair.ts";

const DELAY = 20;
const LOSS = 0.3;
const SEEDS = 40;

/** What `close()` waits for at the most, ms, when nobody answers. */
const MOST_FAREWELL = 2_000;

/** How long TCP takes for ends of its own, ms. */
const TCP_END = 60_000;

const CARRIERS = ["udp", "tcp"] as const;
const ENDS = ["client", "server"] as const;

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof SosistabError && error.code === code;
}

for (const protocol of CARRIERS) {
  for (const end of ENDS) {
    test(`close() of a ${end}'s session ends the other end at once, and waits for no more than its answer, over ${protocol}`, async () => {
      const pair = new VirtualPair({ delay: DELAY });
      const { listener, client, server } = await pair.sessions({ tcp: true }, { protocol });
      const [own, other] = end === "client" ? [client, server] : [server, client];
      const receiving = assert.rejects(other.receive(), hasCode("goodbye"));
      await pair.pass(1_000);
      const startedAt = pair.now;
      const closing = own.close();
      assert.deepEqual(await own.closed, { by: "local" });
      assert.deepEqual(await pair.run(other.closed), { by: "remote" });
      assert.ok(pair.now - startedAt <= DELAY + 1, `${pair.now - startedAt} ms`);
      await receiving;
      await pair.run(closing);
      assert.ok(pair.now - startedAt <= 2 * DELAY + 1, `${pair.now - startedAt} ms`);
      await pair.run(other.close(), 1);
      await pair.run(listener.close(), 1);
      if (protocol === "tcp") await pair.pass(TCP_END);
      assert.equal(pair.network.openSockets, 0);
    });
  }
}

/** Ends a stream in order, with so many bytes from either side. */
async function finish(own: RelConn, other: RelConn, bytes: Uint8Array): Promise<Uint8Array[]> {
  const all = [own, other].map(async (conn) => {
    const reading = readAll(conn);
    await conn.write(bytes);
    conn.closeWrite();
    return await reading;
  });
  return await Promise.all(all);
}

for (const end of ENDS) {
  test(`a ${end} that closes its multiplex in order loses nothing: all comes first, and no stream fails, at 30 % loss`, async (context) => {
    const bytes = pattern(20_000);
    const times: number[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const pair = new VirtualPair({ delay: DELAY, loss: LOSS }, seed, { crypto: "none" });
      const { client, server, clientMux, serverMux } = await pair.conns();
      const [own, other] = end === "client" ? [client, server] : [server, client];
      const [mux, otherMux] = end === "client" ? [clientMux, serverMux] : [serverMux, clientMux];
      const transfer = finish(own, other, bytes);
      // As soon as it may.
      const closing = own.closed.then(() => mux.close());
      let heardAt = Infinity;
      void otherMux.closed.then(() => heardAt = pair.now);
      assert.deepEqual(await pair.run(transfer, 120_000), [bytes, bytes], `seed ${seed}`);
      const closure = await pair.run(own.closed, 120_000);
      const startedAt = pair.now;
      assert.equal(closure.error, undefined, `seed ${seed}`);
      await pair.run(closing);
      assert.ok(pair.now - startedAt <= MOST_FAREWELL, `${pair.now - startedAt} ms`);
      const heard = await Promise.race([otherMux.closed, pair.pass(1).then(() => undefined)]);
      if (heard === undefined) continue;
      assert.deepEqual(heard, { by: "remote" });
      assert.equal((await other.closed).error, undefined, `seed ${seed}`);
      times.push(heardAt - startedAt);
    }
    const slowest = Math.max(...times).toFixed(0);
    context.diagnostic(`${times.length} of ${SEEDS} heard it, the last after ${slowest} ms`);
    assert.ok(times.length >= SEEDS - 1, `${times.length} of ${SEEDS} heard it`);
  });
}

test("a multiplex that is closed while streams are open cuts them: no reader takes that for the end", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { client, server, clientMux } = await pair.conns();
  await client.write(pattern(100));
  await pair.pass(100);
  client.closeWrite();
  await pair.run(Promise.all([clientMux.close(), pair.pass(100)]));
  // What has come may be read still.
  const into = new Uint8Array(1_000);
  assert.equal(await server.read(into), 100);
  assert.equal((await server.closed).error?.code, "goodbye");
  await assert.rejects(server.write(into), hasCode("goodbye"));
});

test("close() gives up after two seconds when nobody answers, and leaves nothing", async () => {
  for (const end of ENDS) {
    const pair = new VirtualPair({ delay: DELAY });
    const { client, server } = await pair.sessions();
    await pair.pass(1_000);
    pair.blackout(true);
    const startedAt = pair.now;
    await pair.run((end === "client" ? client : server).close());
    assert.ok(pair.now - startedAt <= MOST_FAREWELL, `${pair.now - startedAt} ms`);
    assert.equal(pair.clientHost.openSockets, end === "client" ? 0 : 1);
  }
});

test("close() twice is one end, and both calls wait for it", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { client } = await pair.sessions();
  await pair.pass(1_000);
  const sent = pair.up.counts.sent;
  const startedAt = pair.now;
  await pair.run(Promise.all([client.close(), client.close()]));
  assert.ok(pair.now - startedAt >= 2 * DELAY);
  assert.equal(pair.up.counts.sent - sent, 1);
});

test("both ends that close at the same time are done after one way", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { client, server } = await pair.sessions();
  await pair.pass(1_000);
  const startedAt = pair.now;
  await pair.run(Promise.all([client.close(), server.close()]));
  assert.ok(pair.now - startedAt <= DELAY + 1, `${pair.now - startedAt} ms`);
  assert.deepEqual(await Promise.all([client.closed, server.closed]), [
    { by: "local" },
    { by: "local" },
  ]);
});

test("the original is told nothing that it does not know: its session ends as before", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const listener = await pair.listen();
  const peer = await againstServer(pair, listener);
  await pair.pass(1_000);
  const sent = pair.down.counts.sent;
  const startedAt = pair.now;
  await peer.session.close();
  assert.equal(pair.now, startedAt);
  await pair.pass(5_000);
  assert.equal(pair.down.counts.sent, sent);
});

/** A host that keeps a copy of each datagram that it sends, and can say it again. */
function recorder(host: Host): { host: Host; sent: Uint8Array[]; repeat(): void } {
  const sent: Uint8Array[] = [];
  let again = (_: Uint8Array): unknown => assert.fail("nothing was sent");
  return {
    sent,
    repeat: () => sent.forEach((datagram) => again(datagram.slice())),
    host: {
      ...host,
      async bindDatagram(address: Address, handler: DatagramHandler): Promise<DatagramSocket> {
        const socket = await host.bindDatagram(address, handler);
        return {
          addr: socket.addr,
          send: (datagram, to) => {
            sent.push(datagram.slice());
            again = (copy) => socket.send(copy, to);
            return socket.send(datagram, to);
          },
          // The copies leave from where the first ones left.
          close: () => {},
        };
      },
    },
  };
}

test("a goodbye that somebody has copied ends no other session, and is met with silence", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const listener = await pair.listen();
  const { host, repeat } = recorder(pair.clientHost);
  const options = { hostname: "server", port: PORT, serverKey: listener.publicKey };
  const first = await pair.run(connect(host, options));
  const second = await pair.connect(listener);
  const servers = [await pair.run(listener.accept()), await pair.run(listener.accept())];
  await pair.run(first.close());
  assert.deepEqual(await pair.run(servers[0]!.closed, 1), { by: "remote" });
  const sent = pair.down.counts.sent;
  repeat();
  await pair.pass(1_000);
  assert.equal(pair.down.counts.sent, sent);
  second.send(pattern(10));
  assert.deepEqual(await pair.run(servers[1]!.receive()), pattern(10));
  assert.equal(listener.stats().sessionsOpen, 1);
});
