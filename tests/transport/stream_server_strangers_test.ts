import { test } from "node:test";
import assert from "node:assert/strict";
import type { Address } from "../../src/address.ts";
import type { StreamSocket } from "../../src/host.ts";
import { RawClient } from "../support/raw_client.ts";
import { cut } from "../support/record_ends.ts";
import { numbered, StreamBench } from "../support/stream_bench.ts";

test("a stranger gets no byte and no end, however much he says: in one piece and byte by byte", async () => {
  const bench = await StreamBench.listening({ delay: 5 }, { limits: { silentPerNetwork: 1_000 } });
  const lengths = [
    0,
    1,
    7,
    29,
    30,
    31,
    49,
    50,
    99,
    104,
    134,
    221,
    1448,
    4096,
    4097,
    16_384,
    65_536,
  ];
  const clients: RawClient[] = [];
  for (const length of lengths) {
    for (const size of length <= 221 ? [length, 1] : [length]) {
      const client = await RawClient.connect(bench);
      clients.push(client);
      const pieces = cut(bench.noise(length), [Math.max(1, size)]);
      for (const piece of pieces) {
        client.write(piece);
        if (size === 1) await bench.network.pass(1);
      }
    }
  }
  await bench.network.pass(300_000);
  for (const client of clients) {
    assert.equal(client.bytes, 0);
    assert.equal(client.ended, undefined);
  }
  const { strangers, opened, silent, accepted } = bench.server.stats();
  assert.equal(opened, 0);
  assert.equal(silent, clients.length);
  assert.equal(accepted, clients.length);
  // All but those that said 0, 1, 7 and 29 bytes.
  assert.equal(strangers, clients.length - 8);
  // Whoever half-closes is answered by the same, in the ordinary way.
  for (const client of clients) client.finish();
  await bench.network.pass(5_000);
  for (const client of clients) {
    assert.equal(client.bytes, 0);
    assert.equal(client.ended, "end");
  }
  assert.equal(bench.server.stats().silent, 0);
  assert.equal(bench.network.openSockets, 1);
  assert.equal(bench.alarms, 0);
});

test("a stranger gets no byte and no end: protocols of others", async () => {
  const bench = await StreamBench.listening({ delay: 5 });
  const probes = [
    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n",
    "EHLO localhost\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "x".repeat(500),
    "\x05\x01\x00",
  ].map((text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
  const clients: RawClient[] = [];
  for (const probe of probes) {
    const client = await RawClient.connect(bench);
    client.write(probe);
    clients.push(client);
  }
  await bench.network.pass(300_000);
  for (const { bytes, ended } of clients) assert.deepEqual([bytes, ended], [0, undefined]);
});

test("a hello that is repeated gets no byte and no end", async () => {
  const bench = await StreamBench.listening();
  const first = await RawClient.open(bench, 1, []);
  const answered = first.bytes;
  assert.ok(answered >= 134);
  const second = await RawClient.connect(bench);
  second.write(first.machine.hello);
  await bench.network.pass(60_000);
  assert.deepEqual([second.bytes, second.ended], [0, undefined]);
  const { replays, opened } = bench.server.stats();
  assert.deepEqual([replays, opened], [1, 1]);
});

test("silent connections of one network are bounded: the oldest gets an end in order", async () => {
  const bench = await StreamBench.listening({ delay: 5 }, { limits: { silentPerNetwork: 4 } });
  const clients: RawClient[] = [];
  for (let n = 0; n < 6; n++) {
    const client = await RawClient.connect(bench);
    client.write(bench.noise(10 * n));
    clients.push(client);
    await bench.network.pass(50);
  }
  const ends = () => clients.map(({ ended }) => ended);
  assert.deepEqual(ends(), ["end", "end", ...Array(4).fill(undefined)]);
  assert.equal(bench.server.stats().silentEvicted, 2);
  assert.equal(bench.server.stats().silent, 4);
  // What they still say is read.
  clients[0]?.write(bench.noise(5_000));
  await bench.network.pass(1_000);
  // Two others said 10 and 20 bytes more than the 30 that show a stranger.
  assert.equal(bench.server.stats().drainedBytes, 5_030);
  for (const client of clients) client.finish();
  await bench.network.pass(5_000);
  assert.ok(ends().every((end) => end === "end"));
  assert.ok(clients.every(({ bytes }) => bytes === 0));
  assert.equal(bench.network.openSockets, 1);
});

test("silent connections are bounded in all: the oldest goes, of whatever network", async () => {
  const bench = new StreamBench({ delay: 5 }, { limits: { silent: 3 } });
  const from = (hostname: string): { stream: StreamSocket; isFinished: () => boolean } => {
    let isFinished = false;
    const remoteAddr: Address = { hostname, port: 1 };
    const stream: StreamSocket = {
      localAddr: remoteAddr,
      remoteAddr,
      readable: new ReadableStream<Uint8Array>(),
      writable: new WritableStream<Uint8Array>({ close: () => void (isFinished = true) }),
      close: () => {},
    };
    return { stream, isFinished: () => isFinished };
  };
  const streams = ["192.0.2.1", "198.51.100.1", "2001:db8::1", "2001:db8:1::1"].map(from);
  for (const { stream } of streams) bench.server.onStream(stream);
  await bench.network.pass(1);
  assert.deepEqual(streams.map(({ isFinished }) => isFinished()), [true, false, false, false]);
  bench.server.close();
  assert.equal(bench.alarms, 0);
});

test("a good client opens while strangers hold all the silent places", async () => {
  const bench = await StreamBench.listening({ delay: 5 }, {
    limits: { silent: 20, silentPerNetwork: 20 },
  });
  for (let n = 0; n < 40; n++) {
    (await RawClient.connect(bench)).write(bench.noise(40));
  }
  const client = await RawClient.open(bench, 1, [numbered(0)]);
  assert.equal(bench.serverTold.datagrams.length, 1);
  bench.lastLink.send(numbered(1));
  await bench.network.pass(100);
  assert.deepEqual(client.numbers, [1]);
  // It had one of their places for a moment.
  assert.equal(bench.server.stats().silent, 19);
});

test("proven connections are bounded: the oldest gets an end in order", async () => {
  const bench = await StreamBench.listening({ delay: 5 }, { limits: { proven: 3 } });
  const clients: RawClient[] = [];
  for (let n = 0; n < 5; n++) clients.push(await RawClient.open(bench, n, [numbered(n)]));
  assert.deepEqual(clients.map(({ ended }) => ended), ["end", "end", ...Array(3).fill(undefined)]);
  const { proven, provenEvicted, links } = bench.server.stats();
  assert.deepEqual([proven, provenEvicted, links], [3, 2, 5]);
  // What such a one still says is heard.
  clients[0]?.send(numbered(77));
  await bench.network.pass(100);
  assert.equal(bench.serverTold.numbers.at(-1), 77);
});

test("proven connections are bounded: one that is asked to go is not sent to, whatever it says", async () => {
  const bench = await StreamBench.listening({ delay: 5 }, { limits: { proven: 1 } });
  const nameless = await RawClient.open(bench, 1);
  const named = await RawClient.open(bench, 1, [numbered(0)]);
  assert.deepEqual([nameless.ended, named.ended], ["end", undefined]);
  nameless.send(numbered(1));
  await bench.network.pass(100);
  assert.equal(bench.lastLink.send(numbered(2)), true);
  await bench.network.pass(100);
  assert.deepEqual(named.numbers, [2]);
});

test("proven connections are bounded: one over which a peer speaks is never ended for a stranger's sake", async () => {
  let peer = "";
  const admission = {
    mayAnswer: () => true,
    onServed: () => {},
    isPeer: (key: string) => key === peer,
  };
  const bench = await StreamBench.listening({ delay: 5 }, { limits: { proven: 3 }, admission });
  const first = await RawClient.open(bench, 0, [numbered(0)]);
  peer = bench.lastLink.key;
  const others: RawClient[] = [];
  for (let n = 1; n < 8; n++) others.push(await RawClient.open(bench, n, [numbered(n)]));
  assert.equal(first.ended, undefined);
  assert.equal(others.filter(({ ended }) => ended === undefined).length, 2);
  const { proven, provenEvicted } = bench.server.stats();
  assert.deepEqual([proven, provenEvicted], [3, 5]);
});

test("limits that make no sense are refused", () => {
  for (const limits of [{ silent: 0 }, { silentPerNetwork: NaN }, { proven: 0.5 }]) {
    assert.throws(() => new StreamBench({}, { limits }), RangeError);
  }
});
