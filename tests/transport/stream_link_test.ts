import { test } from "node:test";
import assert from "node:assert/strict";
import { numbered, StreamBench, upTo } from "../support/stream_bench.ts";

test("datagrams go both ways, as they were and in order", async () => {
  const { bench, link, far } = await StreamBench.open();
  assert.equal(link.carrier, "tcp");
  assert.equal(far.carrier, "tcp");
  assert.deepEqual(far.address.hostname, bench.client.address);
  for (const n of upTo(200)) {
    assert.equal(link.send(numbered(n, 4 + n * 5)), true);
    assert.equal(far.send(numbered(n, 4 + n * 5)), true);
  }
  await bench.network.pass(1_000);
  assert.deepEqual(bench.serverTold.numbers, upTo(200));
  assert.deepEqual(bench.clientTold.numbers, upTo(200));
  assert.ok(bench.serverTold.datagrams.every(({ link }) => link === far));
  assert.ok(bench.clientTold.datagrams.every((told) => told.link === link));
  link.close();
});

test("send() lets datagrams wait before the link is open, and they arrive", async () => {
  const bench = new StreamBench({ delay: 50 });
  await bench.listen();
  const link = bench.link();
  for (const n of upTo(20)) assert.equal(link.send(numbered(n)), true);
  link.start();
  assert.equal(link.state, "opening");
  for (const n of upTo(20)) link.send(numbered(20 + n));
  await bench.network.pass(1_000);
  assert.equal(link.state, "open");
  assert.deepEqual(bench.serverTold.numbers, upTo(40));
  // The name and all of them went in one write.
  assert.equal(link.stats().writes, 1);
  link.close();
});

test("what is sent in one turn goes out in one write", async () => {
  const { bench, link, far } = await StreamBench.open();
  const before = link.stats().writes;
  for (const n of upTo(30)) link.send(numbered(n, 1200));
  await bench.network.pass(100);
  assert.equal(link.stats().writes, before + 1);
  // 64 KiB go at once, and the rest in one write when they have been taken.
  for (const n of upTo(120)) link.send(numbered(30 + n, 1200));
  await bench.network.pass(1_000);
  const writes = link.stats().writes - before - 1;
  assert.equal(writes, 2);
  assert.deepEqual(bench.serverTold.numbers, upTo(150));
  assert.equal(far.isFull, false);
  link.close();
});

test("send() returns false for what no frame holds, and never throws", async () => {
  const { link } = await StreamBench.open();
  assert.equal(link.send(new Uint8Array(0)), false);
  assert.equal(link.send(new Uint8Array(2047)), false);
  assert.equal(link.send(new Uint8Array(2046)), true);
  assert.equal(link.stats().sendsDropped, 2);
  link.close();
  assert.equal(link.send(new Uint8Array(10)), false);
});

test("isFull tells when to wait, onRoom when to go on: so nothing is dropped on a slow link", async () => {
  const { bench, link, far } = await StreamBench.open({ delay: 20, rate: 5 });
  for (
    const [sender, told, receiver] of [
      [link, bench.clientTold, bench.serverTold],
      [far, bench.serverTold, bench.clientTold],
    ] as const
  ) {
    let n = 0;
    const pump = () => {
      while (n < 3_000 && !sender.isFull) assert.equal(sender.send(numbered(n++, 1200)), true);
    };
    told.onEachRoom = pump;
    pump();
    assert.ok(n < 500, `${n} datagrams were taken at once`);
    assert.equal(sender.isFull, true);
    await bench.network.pass(15_000);
    assert.equal(n, 3_000);
    assert.deepEqual(receiver.numbers, upTo(3_000));
    assert.ok(told.rooms > 10);
  }
  link.close();
});

test("send() returns false beyond a bound, when the other end takes nothing", async () => {
  const { bench, link, far } = await StreamBench.open({ delay: 20, rate: 0.1 });
  for (const sender of [link, far]) {
    let bytes = 0;
    for (let n = 0; n < 2_000; n++) if (sender.send(numbered(n, 1200))) bytes += 1202;
    assert.ok(bytes > 128 * 1024 && bytes < 512 * 1024, `${bytes} bytes`);
    assert.equal(sender.isFull, true);
  }
  assert.ok(link.stats().sendsDropped > 1_000);
  assert.ok(bench.server.stats().sendsDropped > 1_000);
  link.close();
});

test("a link on which nothing is sent says its name all the same, within 1.5 s", async () => {
  const bench = new StreamBench({ delay: 10 });
  await bench.listen();
  const link = bench.link();
  link.start();
  await bench.network.pass(400);
  assert.equal(bench.server.stats().links, 0);
  await bench.network.pass(1_300);
  assert.equal(bench.server.stats().links, 1);
  link.close();
});

test("close() lets what was sent in this turn go out", async () => {
  const { bench, link } = await StreamBench.open();
  link.send(numbered(5));
  link.close();
  await bench.network.pass(1_000);
  assert.deepEqual(bench.serverTold.numbers, [5]);
});

test("close() leaves nothing behind, at whatever time it is called", async () => {
  const lifetime = { least: 400, most: 400 };
  for (let time = 0; time < 1_200; time += 7) {
    const bench = new StreamBench({ delay: 20 });
    if (time % 5 !== 0) await bench.listen();
    const link = bench.link({ lifetime });
    link.start();
    bench.every(10, 200, (n) => void link.send(numbered(n)));
    await bench.network.pass(time);
    link.close();
    link.close();
    link.renew();
    link.start();
    assert.equal(link.state, "down");
    const { cuts, datagrams: { length } } = bench.clientTold;
    bench.server.close();
    assert.equal(bench.alarms, 0, `at ${time} ms`);
    await bench.network.pass(30_000);
    assert.equal(bench.alarms, 0, `at ${time} ms`);
    bench.unlisten();
    assert.equal(bench.network.openSockets, 0, `at ${time} ms`);
    assert.equal(bench.clientTold.cuts, cuts);
    assert.equal(bench.clientTold.datagrams.length, length);
  }
});

test("close() may be called by whoever is told something", async () => {
  const { bench, link, far } = await StreamBench.open();
  bench.clientTold.onEach = () => link.close();
  for (const n of upTo(5)) far.send(numbered(n));
  await bench.network.pass(1_000);
  assert.deepEqual(bench.clientTold.numbers, [0]);
  assert.equal(link.state, "down");
});
