import { test } from "node:test";
import assert from "node:assert/strict";
import { numbered, StreamBench, upTo } from "../support/stream_bench.ts";
import {
  byteByByte,
  flipAt,
  type Tamper,
  tampered,
  untouched,
} from "../support/tampered_stream.ts";

test("what comes damaged cuts the connection, and the link goes on over another", async () => {
  const bench = await StreamBench.listening({ delay: 10 });
  let opened = 0;
  const link = bench.link({
    open: async (signal) => {
      const stream = await bench.connect(signal);
      // The checksum of TCP lets one in 65,536 pass; this stream lets one beyond the answer.
      let isAnswered = false;
      const damage: Tamper = (bytes) => {
        if (isAnswered && opened === 1) bytes[0]! ^= 0x80;
        isAnswered = true;
        return [bytes];
      };
      opened++;
      return tampered(stream, untouched, damage);
    },
  });
  link.start();
  link.send(numbered(1));
  await bench.network.pass(500);
  const far = bench.lastLink;
  far.send(numbered(2));
  await bench.network.pass(500);
  assert.equal(link.lastError?.code, "reset");
  assert.equal(link.lastError?.message, "what came from 10.0.0.2:443 was damaged");
  assert.equal(link.state, "open");
  assert.equal(bench.clientTold.cuts, 1);
  link.send(numbered(3));
  await bench.network.pass(500);
  far.send(numbered(4));
  await bench.network.pass(500);
  assert.deepEqual(bench.clientTold.numbers, [4]);
  link.close();
});

test("B-TCP-FLIP: whatever is damaged upwards, the server never closes first, and renew() goes on", async () => {
  const [name, frame] = [16, 102];
  const places = {
    "a length, above": name + frame,
    "a length, below": name + frame + 1,
    "a datagram": name + frame + 50,
    "the name": 3,
  };
  for (const [what, place] of Object.entries(places)) {
    const bench = await StreamBench.listening({ delay: 10 });
    // Who is damaged is told by nobody, so what comes is not as it was.
    const heard: number[] = [];
    let opened = 0;
    const link = bench.link({
      handler: { onDatagram: (bytes) => void heard.push(bytes.length), onRoom() {}, onCut() {} },
      open: async (signal) => {
        const stream = await bench.connect(signal);
        if (opened++ > 0) return stream;
        let hello = 0;
        const flip = flipAt(place);
        return tampered(stream, (bytes) => hello++ === 0 ? [bytes] : flip(bytes), untouched);
      },
    });
    link.start();
    bench.serverTold.onEach = (bytes) => void bytes.fill(0);
    for (const n of upTo(8)) {
      link.send(numbered(n));
      await bench.network.pass(100);
    }
    await bench.network.pass(60_000);
    const { broken, proven, silent } = bench.server.stats();
    assert.equal(broken, what === "a length, above" ? 1 : 0, what);
    assert.equal(proven + silent, 1, what);
    assert.equal(link.state, "open", what);
    assert.equal(link.stats().cuts, 0, what);
    const before = bench.serverTold.datagrams.length;
    link.renew();
    await bench.network.pass(200);
    link.send(numbered(99));
    await bench.network.pass(100);
    assert.equal(bench.serverTold.datagrams.length, before + 1, what);
    bench.lastLink.send(numbered(100));
    await bench.network.pass(100);
    assert.deepEqual(heard, [100], what);
    link.close();
  }
});

test("F-TCP-CUT: a stream of single bytes carries the same", async () => {
  const bench = await StreamBench.listening({ delay: 10 });
  const open = async (signal: AbortSignal) =>
    tampered(await bench.connect(signal), byteByByte, byteByByte);
  const link = bench.link({ open });
  link.start();
  for (const n of upTo(20)) link.send(numbered(n, 50 * (n + 1)));
  await bench.network.pass(2_000);
  assert.deepEqual(bench.serverTold.numbers, upTo(20));
  for (const n of upTo(20)) bench.lastLink.send(numbered(n, 50 * (n + 1)));
  await bench.network.pass(2_000);
  assert.deepEqual(bench.clientTold.numbers, upTo(20));
  link.close();
});

test("F-TCP-CUT: a window that is closed for 10 s holds what waits, and cuts nothing", async () => {
  const { bench, link } = await StreamBench.open({ delay: 10 });
  let sent = 0;
  const pump = () => {
    while (sent < 2_000 && !link.isFull) assert.equal(link.send(numbered(sent++, 1_000)), true);
  };
  bench.clientTold.onEachRoom = pump;
  bench.node.stall(10_000);
  pump();
  await bench.network.pass(9_000);
  assert.equal(link.isFull, true);
  assert.ok(sent < 900, `${sent} of 1,000 bytes are more than the windows hold`);
  await bench.network.pass(20_000);
  assert.deepEqual(bench.serverTold.numbers, upTo(2_000));
  assert.equal(link.stats().cuts, 0);
  link.close();
});
