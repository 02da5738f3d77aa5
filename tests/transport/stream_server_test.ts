import { test } from "node:test";
import assert from "node:assert/strict";
import { RawClient } from "../support/raw_client.ts";
import { numbered, StreamBench, upTo } from "../support/stream_bench.ts";

test("a connection is broken by a frame that is too long: it is read on, and never answered nor closed", async () => {
  const bench = await StreamBench.listening();
  const client = await RawClient.open(bench, 1, [numbered(1)]);
  const link = bench.lastLink;
  const before = client.bytes;
  assert.equal(bench.serverTold.cuts, 0);
  client.write(client.machine.seal(Uint8Array.of(0xff, 0xff)));
  await bench.network.pass(100);
  assert.equal(bench.serverTold.cuts, 1);
  assert.equal(link.send(numbered(2)), false);
  client.write(bench.noise(10_000));
  await bench.network.pass(500_000);
  assert.deepEqual([client.bytes, client.ended], [before, undefined]);
  const { broken, drainedBytes, silent, proven } = bench.server.stats();
  assert.deepEqual([broken, drainedBytes, silent, proven], [1, 10_000, 1, 0]);
  // The client comes back over another connection.
  const next = await RawClient.open(bench, 1, [numbered(3)]);
  assert.equal(bench.lastLink, link);
  assert.equal(link.send(numbered(4)), true);
  await bench.network.pass(100);
  assert.deepEqual(next.numbers, [4]);
});

test("several connections may carry one name: what is sent goes over the one that spoke last", async () => {
  const bench = await StreamBench.listening();
  const first = await RawClient.open(bench, 1, [numbered(0)]);
  const link = bench.lastLink;
  const other = await RawClient.open(bench, 2, [numbered(0)]);
  assert.notEqual(bench.lastLink, link);
  assert.notEqual(bench.lastLink.key, link.key);
  link.send(numbered(1));
  // To open one counts as speaking.
  const second = await RawClient.open(bench, 1, []);
  link.send(numbered(2));
  await bench.network.pass(100);
  first.send(numbered(9));
  await bench.network.pass(100);
  link.send(numbered(3));
  second.send(numbered(9));
  await bench.network.pass(100);
  link.send(numbered(4));
  await bench.network.pass(100);
  assert.deepEqual(first.numbers, [1, 3]);
  assert.deepEqual(second.numbers, [2, 4]);
  assert.deepEqual(other.numbers, []);
  assert.equal(link.address.port, second.stream.localAddr.port);
  // One that goes leaves it to the others.
  second.finish();
  await bench.network.pass(100);
  link.send(numbered(5));
  await bench.network.pass(100);
  assert.deepEqual(first.numbers, [1, 3, 5]);
  assert.equal(bench.serverTold.cuts, 0);
  assert.equal(bench.server.stats().links, 2);
});

test("a name has 8 connections at the most: the oldest is closed in order", async () => {
  const bench = await StreamBench.listening();
  const clients: RawClient[] = [];
  for (let n = 0; n < 10; n++) clients.push(await RawClient.open(bench, 1, []));
  const ends = clients.map(({ ended }) => ended);
  assert.deepEqual(ends.slice(0, 2), ["end", "end"]);
  assert.ok(ends.slice(2).every((end) => end === undefined));
});

test("a connection older than 600 s is not used when there is a younger one", async () => {
  const bench = await StreamBench.listening();
  const first = await RawClient.open(bench, 1, [numbered(0)]);
  const link = bench.lastLink;
  await bench.network.pass(601_000);
  // There is no other yet.
  link.send(numbered(1));
  await bench.network.pass(100);
  const second = await RawClient.open(bench, 1, []);
  first.send(numbered(0));
  await bench.network.pass(100);
  link.send(numbered(2));
  await bench.network.pass(100);
  assert.deepEqual(first.numbers, [1]);
  assert.deepEqual(second.numbers, [2]);
  // What the old one says is heard all the same.
  assert.equal(bench.serverTold.datagrams.length, 2);
});

test("a connection that spoke last and grows old gives way to a younger one", async () => {
  const bench = await StreamBench.listening();
  const first = await RawClient.open(bench, 1, [numbered(0)]);
  const link = bench.lastLink;
  await bench.network.pass(300_000);
  const second = await RawClient.open(bench, 1, []);
  first.send(numbered(0));
  await bench.network.pass(290_000);
  link.send(numbered(1));
  await bench.network.pass(20_000);
  link.send(numbered(2));
  await bench.network.pass(100);
  assert.deepEqual(first.numbers, [1]);
  assert.deepEqual(second.numbers, [2]);
});

test("a proven connection is closed in order at 1,200 s", async () => {
  const bench = await StreamBench.listening();
  const client = await RawClient.open(bench, 1, [numbered(0)]);
  await bench.network.pass(1_190_000);
  assert.equal(client.ended, undefined);
  await bench.network.pass(15_000);
  assert.equal(client.ended, "end");
  assert.equal(bench.server.stats().proven, 0);
  assert.equal(bench.serverTold.cuts, 0);
});

test("a link whose connections are gone drops what it is given, and is the same when the client is back", async () => {
  const bench = await StreamBench.listening();
  const first = await RawClient.open(bench, 1, [numbered(0)]);
  const link = bench.lastLink;
  const { key } = link;
  first.cut();
  await bench.network.pass(1_000);
  assert.equal(bench.serverTold.cuts, 1);
  assert.equal(link.send(numbered(1)), false);
  assert.equal(link.isFull, true);
  assert.equal(link.address.hostname, bench.client.address);
  assert.equal(bench.server.stats().sendsDropped, 1);
  await bench.network.pass(590_000);
  const second = await RawClient.open(bench, 1, [numbered(2)]);
  assert.equal(bench.lastLink, link);
  assert.equal(link.key, key);
  assert.equal(link.isFull, false);
  link.send(numbered(3));
  await bench.network.pass(100);
  assert.deepEqual(second.numbers, [3]);
});

test("a link whose connections are gone is forgotten after 10 minutes; one that is new then has its key", async () => {
  const bench = await StreamBench.listening();
  const first = await RawClient.open(bench, 1, [numbered(0)]);
  const link = bench.lastLink;
  first.finish();
  await bench.network.pass(610_000);
  assert.equal(bench.server.stats().links, 0);
  assert.equal(link.send(numbered(1)), false);
  await RawClient.open(bench, 1, [numbered(2)]);
  assert.notEqual(bench.lastLink, link);
  assert.equal(bench.lastLink.key, link.key);
  bench.server.close();
  assert.equal(bench.alarms, 0);
});

test("a connection whose other end half-closes gets what waits, and then the end", async () => {
  const bench = await StreamBench.listening({ delay: 20, rate: 2 });
  const client = await RawClient.open(bench, 1, [numbered(0)]);
  const link = bench.lastLink;
  for (const n of upTo(200)) assert.equal(link.send(numbered(n, 800)), true);
  client.finish();
  await bench.network.pass(200);
  assert.equal(link.send(numbered(999)), false);
  assert.equal(client.ended, undefined);
  await bench.network.pass(5_000);
  assert.deepEqual(client.numbers, upTo(200));
  assert.equal(client.ended, "end");
  assert.equal(bench.serverTold.cuts, 0);
  assert.equal(bench.alarms, 1, "the link is remembered, and nothing else");
});

test("a client that reads nothing costs a bounded amount, and ends when it half-closes", async () => {
  const bench = await StreamBench.listening({ delay: 20 });
  const client = await RawClient.connect(bench, 1, false);
  client.write(client.machine.hello);
  await bench.network.pass(100);
  // It must know the answer to say its name.
  const reader = client.stream.readable.getReader();
  client.machine.handleBytes((await bench.network.run(reader.read())).value ?? new Uint8Array(0));
  client.send(numbered(0));
  await bench.network.pass(100);
  const link = bench.lastLink;
  let sent = 0;
  for (let n = 0; n < 4_000; n++) {
    if (link.send(numbered(n, 1_200))) sent++;
    if (n % 100 === 0) await bench.network.pass(10);
  }
  assert.equal(link.isFull, true);
  // 128 KiB here and in the write under way, and 256 in the system, and in the other end's window.
  assert.ok(sent * 1_202 < 900_000, `${sent} were taken`);
  client.finish();
  await bench.network.pass(31_000);
  assert.equal(bench.server.stats().proven, 0);
  assert.equal(bench.serverTold.cuts, 1);
});

test("a connection that is cut while much is written is survived, and its link has room when the client is back", async () => {
  const bench = await StreamBench.listening({ delay: 20, rate: 1 });
  for (let n = 1; n <= 20; n++) {
    const { rooms } = bench.serverTold;
    const client = await RawClient.open(bench, 1, [numbered(0)]);
    const link = bench.lastLink;
    assert.equal(link.isFull, false);
    assert.equal(bench.serverTold.rooms, rooms + 1);
    for (let i = 0; i < 500; i++) {
      link.send(numbered(1, 1_400));
      await Promise.resolve();
    }
    await bench.network.pass(n * 3);
    assert.equal(link.isFull, true);
    client.cut();
    await bench.network.pass(200);
    assert.equal(link.isFull, true);
  }
  assert.equal(bench.server.stats().proven, 0);
  assert.equal(bench.server.stats().cuts, 20);
});

test("a stream that is secure gives a link of the carrier tls", async () => {
  const bench = new StreamBench();
  const listener = await bench.node.listenStream({ hostname: bench.node.address, port: 443 }, {
    onStream: (stream) => {
      const { localAddr, remoteAddr, readable, writable } = stream;
      const close = () => stream.close();
      const rest = { localAddr, remoteAddr, readable, writable, close };
      bench.server.onStream({ ...rest, isSecure: true });
    },
  });
  const client = await RawClient.open(bench, 1, [numbered(0)]);
  assert.equal(bench.lastLink.carrier, "tls");
  client.finish();
  listener.close();
});

test("close() ends all connections, and no handler is called afterwards", async () => {
  const bench = await StreamBench.listening();
  const clients = [
    await RawClient.connect(bench),
    await RawClient.open(bench, 1),
    await RawClient.open(bench, 2, [numbered(0)]),
  ];
  const link = bench.lastLink;
  link.send(numbered(1));
  await bench.network.pass(100);
  bench.server.close();
  bench.server.close();
  assert.equal(link.send(numbered(2)), false);
  clients[2]?.send(numbered(3));
  await bench.network.pass(10_000);
  assert.equal(bench.serverTold.datagrams.length, 1);
  assert.equal(bench.serverTold.cuts, 0);
  assert.equal(bench.alarms, 0);
  const { silent, proven, links } = bench.server.stats();
  assert.deepEqual([silent, proven, links], [0, 0, 0]);
  // Who comes later is shown out.
  const late = await RawClient.connect(bench);
  await bench.network.pass(100);
  assert.equal(late.ended, "end");
});
