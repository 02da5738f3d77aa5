import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, listen, type Listener, type Session } from "../../mod.ts";
import type { Host, StreamHandler, StreamSocket } from "../../src/host.ts";
import { collectUncaught } from "../support/collect_uncaught.ts";
import { currentHost } from "../support/current_host.ts";
import { flipAt, tampered, untouched } from "../support/tampered_stream.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** How long a good client may take, ms. */
const SOON = 2_000;

/** Silent connections, each network with as many as one may have. */
const FLOOD = 19_000;
const PER_NETWORK = 64;

/** A connection of which nothing is heard. Real ones take the simulator longer than all the rest. */
function silentStream(hostname: string, onFinish: () => void): StreamSocket {
  const address = { hostname, port: 1 };
  return {
    localAddr: address,
    remoteAddr: address,
    readable: new ReadableStream<Uint8Array>(),
    writable: new WritableStream<Uint8Array>({
      write: () => assert.fail("a stranger was answered"),
      close: onFinish,
    }),
    close: () => {},
  };
}

test("B-TCP-IDLE: 19,000 silent connections, then EMFILE: the port stays open, and a good client connects within 2 s", async () => {
  const pair = new VirtualPair({ delay: 10 });
  const { serverHost } = pair;
  let handler: StreamHandler | undefined;
  const host: Host = Object.assign(Object.create(serverHost), {
    listenStream: (...[address, given, options]: Parameters<typeof serverHost.listenStream>) => {
      handler = given;
      return serverHost.listenStream(address, given, options);
    },
  });
  const options = { port: PORT, secretKey: SECRET_KEY, freshKey: true, tcp: true };
  const listener = await listen(host, options);
  let finished = 0;
  for (let n = 0; n < FLOOD; n++) {
    const network = Math.floor(n / PER_NETWORK);
    const hostname = `10.${network >> 8}.${network & 255}.9`;
    handler?.onStream(silentStream(hostname, () => void finished++));
    if (n % 1_000 === 0) await pair.pass(10);
  }
  await pair.pass(1_000);
  const { silent, silentEvicted, accepted } = listener.stats().streams!;
  assert.deepEqual([silent, silentEvicted, accepted], [4_096, FLOOD - 4_096, FLOOD]);
  assert.equal(finished, FLOOD - 4_096);
  // While they hold all places a good client gets in already.
  await connectsSoon(pair, listener);
  serverHost.failSockets("EMFILE");
  await pair.pass(10_000);
  // Who asked in the meantime asks again when its own TCP finds it time to.
  const early = pair.connect(listener, { protocol: "tcp", shards: 1 });
  await pair.pass(5_000);
  serverHost.failSockets();
  await connectsSoon(pair, listener);
  await pair.run((await early).close());
  assert.equal(listener.stats().streams!.faults, 0);
  await pair.run(listener.close());
});

/** A client connects over TCP, and a datagram passes each way. */
async function connectsSoon(pair: VirtualPair, listener: Listener): Promise<void> {
  const startedAt = pair.now;
  const client = await pair.connect(listener, { protocol: "tcp", shards: 1 });
  assert.ok(pair.now - startedAt <= SOON, `${pair.now - startedAt} ms`);
  const server = await pair.run(listener.accept());
  await pass(client, server, (promise) => pair.run(promise));
  await pair.run(client.close());
}

async function pass(
  a: Session,
  b: Session,
  run: <T>(promise: Promise<T>) => Promise<T> = (promise) => promise,
): Promise<void> {
  for (const [from, to] of [[a, b], [b, a]] as const) {
    from.send(text("through"));
    assert.deepEqual(await run(to.receive()), text("through"));
  }
}

test("B-TCP-IDLE: silent connections over real sockets: a good client connects within 2 s, and after them too", async () => {
  const host = await currentHost();
  const hostname = "127.0.0.1";
  const listener = await listen(host, {
    hostname,
    secretKey: SECRET_KEY,
    freshKey: true,
    udp: false,
    tcp: true,
    limits: { silentStreams: 100, silentStreamsPerNetwork: 100 },
  });
  const { port } = listener.addr;
  const connectsAtOnce = async () => {
    const startedAt = host.now();
    const serverKey = listener.publicKey;
    const client = await connect(host, { hostname, port, serverKey, protocol: "tcp", shards: 1 });
    const server = await listener.accept();
    await pass(client, server);
    assert.ok(host.now() - startedAt <= SOON, `${host.now() - startedAt} ms`);
    await client.close();
    await server.close();
  };
  const streams = await Promise.all(
    Array.from({ length: 300 }, () => host.connectStream!({ hostname, port })),
  );
  const uncaught = await collectUncaught(connectsAtOnce);
  const { silent, silentEvicted } = listener.stats().streams!;
  assert.ok(silent <= 100 && silentEvicted >= 200, `${silent} silent, ${silentEvicted} evicted`);
  for (const stream of streams) {
    stream.readable.cancel().catch(() => {});
    stream.close();
  }
  await connectsAtOnce();
  assert.deepEqual(uncaught, []);
  await listener.close();
});

/** Places in what a client writes once its session lives: lengths, and datagrams behind them. */
const PLACES: readonly (readonly [what: string, place: number])[] = [
  ["a length, above", 0],
  ["a length, below", 1],
  ["a datagram", 50],
  ["whatever comes later", 3_000],
];

for (const [what, place] of PLACES) {
  test(`B-TCP-FLIP: a bit is flipped in ${what}: the server never closes first, and the session moves within 1 s`, async () => {
    const pair = new VirtualPair({ delay: 10 });
    const listener = await pair.listen({ tcp: true });
    let opened = 0;
    let [isAlive, isOver, hasEnded] = [false, false, false];
    const { port } = listener.addr;
    const client = await pair.connect(listener, {
      protocol: "tcp",
      shards: 2,
      connector: async (_, { signal }) => {
        const to = { hostname: pair.serverHost.address, port };
        const stream = await pair.clientHost.connectStream(to, signal ? { signal } : {});
        if (opened++ > 0) return stream;
        const flip = flipAt(place);
        const damaged = tampered(stream, (bytes) => isAlive ? flip(bytes) : [bytes], untouched);
        const [mine, watched] = damaged.readable.tee();
        const onEnd = () => void (hasEnded ||= !isOver);
        watched.pipeTo(new WritableStream()).then(onEnd, onEnd);
        return { ...damaged, readable: mine };
      },
    });
    const server = await pair.run(listener.accept());
    await pair.pass(2_000);
    isAlive = true;
    const got = new Map<number, number>();
    void server.readable.pipeTo(
      new WritableStream({
        write: (datagram) => void got.set(datagram[0]! << 8 | datagram[1]!, pair.now),
      }),
    ).catch(() => {});
    const sentAt: number[] = [];
    for (let n = 0; n < 200; n++) {
      sentAt.push(pair.now);
      client.send(Uint8Array.of(n >> 8, n, ...new Uint8Array(100)));
      await pair.pass(25);
    }
    await pair.pass(1_000);
    assert.ok(got.size < sentAt.length, "the damage did no harm");
    // The longest time in which nothing that was sent arrived.
    let [gap, since] = [0, sentAt[0]!];
    for (const [n, at] of sentAt.entries()) {
      if (got.has(n)) since = at;
      gap = Math.max(gap, at - since);
    }
    assert.ok(gap <= 1_000, `nothing passed for ${gap} ms`);
    assert.equal(hasEnded, false);
    const { faults } = listener.stats().streams!;
    assert.equal(faults, 0);
    assert.equal(listener.stats().sessionsOpen, 1);
    isOver = true;
    await pair.run(client.close());
    await pair.run(listener.close());
  });
}

/** An opening that is not answered is given up after 10 s; a question over an open stream after 3. */
const MOST_OPENING = 11_000;

for (const direction of ["up", "down"] as const) {
  test(`B-TCP-FLIP: whichever byte of an opening has a bit flipped, ${direction}, the client connects`, async () => {
    let damaged = 0;
    for (let place = 0; place < 2_400; place += place < 120 ? 15 : 150) {
      const pair = new VirtualPair({ delay: 10 }, place);
      const listener = await pair.listen({ tcp: true });
      const { port } = listener.addr;
      let opened = 0;
      const begun = pair.now;
      const client = await pair.connect(listener, {
        protocol: "tcp",
        shards: 1,
        connector: async (_, { signal }) => {
          const to = { hostname: pair.serverHost.address, port };
          const stream = await pair.clientHost.connectStream(to, signal ? { signal } : {});
          if (opened++ > 0) return stream;
          const flip = flipAt(place);
          return direction === "up"
            ? tampered(stream, flip, untouched)
            : tampered(stream, untouched, flip);
        },
      });
      const took = pair.now - begun;
      assert.ok(took <= MOST_OPENING, `byte ${place}: ${took} ms`);
      if (took > 1_000) damaged++;
      await pair.run(client.close());
      await pair.run(listener.close());
    }
    assert.ok(damaged > 0, "no damage did any harm");
  });
}

test("strangers who know the key, and open any number of streams, cut no peer's", async () => {
  const pair = new VirtualPair({ delay: 10 });
  const { serverHost } = pair;
  const cut: number[] = [];
  let came = 0;
  const host: Host = Object.assign(Object.create(serverHost), {
    listenStream: (...[address, handler, options]: Parameters<typeof serverHost.listenStream>) =>
      serverHost.listenStream(address, {
        ...handler,
        onStream: (stream: StreamSocket) => {
          const number = came++;
          const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
          void readable.pipeTo(stream.writable).then(() => cut.push(number), () => {});
          const { localAddr, remoteAddr } = stream;
          const close = () => stream.close();
          handler.onStream({
            localAddr,
            remoteAddr,
            readable: stream.readable,
            writable,
            close,
          });
        },
      }, options),
  });
  const listener = await listen(host, {
    port: PORT,
    secretKey: SECRET_KEY,
    freshKey: true,
    tcp: true,
    limits: { streams: 3, sessions: 1 },
  });
  const client = await pair.connect(listener, { protocol: "tcp" });
  client.send(text("here"));
  const server = await pair.run(listener.accept());
  for (let n = 0; n < 6; n++) {
    void pair.connect(listener, { protocol: "tcp", timeout: 2_000 }).catch(() => {});
    await pair.pass(500);
  }
  assert.ok(listener.stats().streams!.provenEvicted > 0);
  assert.ok(!cut.includes(0), "the peer has its connection still");
  client.send(text("still here"));
  await pair.run(server.receive());
  assert.deepEqual(await pair.run(server.receive()), text("still here"));
  await pair.run(listener.close());
});
