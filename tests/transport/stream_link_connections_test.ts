import { test } from "node:test";
import assert from "node:assert/strict";
import { answerCipher } from "../../src/records/opening.ts";
import { sealOpeningFrame } from "../../src/records/opening_message.ts";
import { numbered, StreamBench, upTo } from "../support/stream_bench.ts";
import { tampered, untouched } from "../support/tampered_stream.ts";

/** Cuts each stream 100 ms after it was opened, until it is told to stop. */
function setCutter(bench: StreamBench): () => void {
  let isOn = true;
  let seen = bench.streams.length;
  const look = () => {
    if (!isOn) return;
    if (bench.streams.length > seen) {
      seen = bench.streams.length;
      const stream = bench.streams.at(-1);
      bench.network.at(bench.network.now + 100, () => stream?.reset());
    }
    bench.network.at(bench.network.now + 10, look);
  };
  look();
  return () => (isOn = false);
}

test("a connection that is cut is replaced at once, and the handler is told", async () => {
  const { bench, link } = await StreamBench.open({ delay: 20 });
  bench.cut();
  await bench.network.pass(1);
  assert.equal(bench.clientTold.cuts, 1);
  assert.equal(link.state, "opening");
  assert.equal(link.lastError?.code, "closed");
  assert.equal(link.send(numbered(7)), true);
  // Two round trips, and a way.
  await bench.network.pass(105);
  assert.equal(link.state, "open");
  assert.deepEqual(bench.serverTold.numbers, [7]);
  assert.equal(bench.serverTold.cuts, 1);
  // The server knows it again.
  assert.equal(bench.server.stats().links, 1);
  assert.deepEqual(link.stats().connections, 2);
  link.close();
});

test("F-TCP-CUT: a link that is cut each second goes on, and loses only what was on its way", async () => {
  const { bench, link, far } = await StreamBench.open({ delay: 15 });
  bench.every(1_000, 20, () => bench.cut());
  bench.every(5, 4_000, (n) => {
    link.send(numbered(n));
    far.send(numbered(n));
  });
  await bench.network.pass(22_000);
  const [up, down] = [bench.serverTold.numbers, bench.clientTold.numbers];
  for (const numbers of [up, down]) {
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
    // Each cut costs what was on its way, and downwards what was sent until the client was back.
    assert.ok(numbers.length > 3_500, `${numbers.length} of 4000`);
    assert.ok((numbers.at(-1) ?? 0) > 3_990);
  }
  assert.equal(link.stats().cuts, 20);
  assert.equal(link.stats().connections, 21);
  assert.equal(bench.clientTold.cuts, 20);
  assert.equal(link.stats().failedOpenings, 0);
  link.close();
});

test("a connection is replaced at the end of its lifetime, and nothing is lost", async () => {
  const lifetime = { least: 1_000, most: 2_000 };
  const conditions = { delay: 30, jitter: 10, loss: 0.01 };
  const { bench, link, far } = await StreamBench.open(conditions, { lifetime });
  bench.every(2, 15_000, (n) => {
    link.send(numbered(n, 400));
    far.send(numbered(n, 400));
  });
  await bench.network.pass(45_000);
  const { connections, cuts } = link.stats();
  assert.ok(connections >= 15, `${connections} connections`);
  assert.equal(cuts, 0);
  assert.equal(bench.clientTold.cuts + bench.serverTold.cuts, 0);
  for (const told of [bench.serverTold, bench.clientTold]) {
    assert.deepEqual(told.numbers.sort((a, b) => a - b), upTo(15_000));
  }
  link.close();
});

test("a connection is replaced at the end of its lifetime, and old ones are closed in order", async () => {
  const lifetime = { least: 3_000, most: 3_000 };
  const { bench, link } = await StreamBench.open({ delay: 10 }, { lifetime });
  bench.every(100, 100, (n) => void link.send(numbered(n)));
  await bench.network.pass(9_500);
  assert.ok(bench.streams.length >= 3);
  assert.equal(bench.server.stats().proven <= 2, true);
  await bench.network.pass(60_000);
  assert.equal(bench.clientTold.cuts + bench.serverTold.cuts, 0);
  link.close();
  await bench.network.pass(10_000);
  assert.equal(bench.network.openSockets, 1);
});

test("the lifetime is drawn anew for each connection, between its bounds", async () => {
  const lifetime = { least: 2_000, most: 6_000 };
  const bench = new StreamBench({ delay: 1 });
  await bench.listen();
  const openedAt: number[] = [];
  const open = (signal: AbortSignal) => {
    openedAt.push(bench.network.now);
    return bench.connect(signal);
  };
  const link = bench.link({ lifetime, open });
  link.start();
  await bench.network.pass(100_000);
  const ages = openedAt.slice(1).map((at, n) => at - (openedAt[n] ?? 0));
  assert.ok(ages.length > 15);
  assert.ok(ages.every((age) => age >= 2_000 && age <= 6_050), String(ages));
  assert.ok(Math.max(...ages) - Math.min(...ages) > 2_500);
  link.close();
});

test("a lifetime that makes no sense is refused", () => {
  const bench = new StreamBench();
  for (const lifetime of [{ least: 0, most: 1 }, { least: 2, most: 1 }, { least: 1, most: NaN }]) {
    assert.throws(() => bench.link({ lifetime }), RangeError);
  }
});

test("an opening that fails is tried again after 0.25, 0.5, 1, 2, 4, 4 s, give or take a quarter", async () => {
  const bench = new StreamBench({ delay: 5 });
  const triedAt: number[] = [];
  const states: string[] = [];
  const link = bench.link({
    open: (signal) => {
      triedAt.push(bench.network.now);
      return bench.connect(signal);
    },
    onState: ({ state, failures }) => states.push(`${state} ${failures}`),
  });
  assert.equal(link.state, "down");
  link.start();
  link.start();
  assert.equal(link.state, "opening");
  link.send(numbered(1));
  await bench.network.pass(20_000);
  assert.equal(link.state, "down");
  assert.equal(link.lastError?.code, "reset");
  assert.deepEqual(states, ["down 1"]);
  const waits = triedAt.slice(1).map((at, n) => at - (triedAt[n] ?? 0) - 10);
  const expected = [250, 500, 1_000, 2_000, 4_000, 4_000];
  assert.ok(waits.length >= expected.length);
  for (const [n, wait] of waits.entries()) {
    const ratio = wait / (expected[n] ?? 4_000);
    assert.ok(ratio > 0.74 && ratio < 1.26, `wait ${n} was ${wait} ms`);
  }
  assert.equal(link.failures, triedAt.length);
  await bench.listen();
  await bench.network.pass(5_500);
  assert.equal(link.state, "open");
  assert.equal(link.failures, 0);
  assert.deepEqual(states, ["down 1", "open 0"]);
  assert.deepEqual(bench.serverTold.numbers, [1]);
  link.close();
});

test("a connection that is cut as soon as it opens is not opened again without a pause", async () => {
  const { bench, link } = await StreamBench.open({ delay: 1 });
  bench.cut();
  const timer = setCutter(bench);
  await bench.network.pass(10_000);
  timer();
  const { connections } = link.stats();
  assert.ok(connections > 3 && connections < 12, `${connections} connections`);
  link.close();
});

test("an opening that takes longer than 10 s is cut and tried again", async () => {
  // Somebody accepts and is silent: so does a server whose key is another one.
  const bench = new StreamBench({ delay: 5 });
  await bench.listen();
  const link = bench.link({ serverKey: bench.x25519.generate().publicKey });
  link.start();
  await bench.network.pass(9_000);
  assert.equal(link.state, "opening");
  await bench.network.pass(1_500);
  assert.equal(link.state, "down");
  assert.equal(link.lastError?.code, "no-answer");
  assert.equal(link.lastError?.message, "10.0.0.2:443 has not answered in time");
  await bench.network.pass(15_000);
  assert.equal(link.failures, 2);
  assert.equal(bench.server.stats().strangers, 3);
  link.close();
});

test("an opening that never settles is given up after 10 s, and its late stream is closed", async () => {
  const bench = new StreamBench({ delay: 5 });
  await bench.listen();
  const signals: AbortSignal[] = [];
  const late = Promise.withResolvers<void>();
  const link = bench.link({
    open: async (signal) => {
      signals.push(signal);
      await late.promise;
      return await bench.connect();
    },
  });
  link.start();
  await bench.network.pass(12_000);
  assert.equal(signals[0]?.aborted, true);
  assert.equal(link.failures, 1);
  link.close();
  assert.equal(signals.length, 2);
  assert.equal(signals[1]?.aborted, true);
  late.resolve();
  await bench.network.pass(10_000);
  assert.equal(bench.streams.length, 2);
  assert.equal(bench.network.openSockets, 1);
});

test("an opening that throws is a failure like any other", async () => {
  const bench = new StreamBench();
  const link = bench.link({
    open: () => {
      throw new Error("no way");
    },
  });
  link.start();
  await bench.network.pass(100);
  assert.equal(link.state, "down");
  assert.equal(link.lastError?.code, "socket-failed");
  assert.equal(link.lastError?.cause instanceof Error && link.lastError.cause.message, "no way");
  link.close();
});

test("renew() opens another connection in place of this one, which is used until then", async () => {
  const { bench, link } = await StreamBench.open({ delay: 50 });
  link.renew();
  link.renew();
  assert.equal(link.state, "open");
  bench.every(5, 100, (n) => void link.send(numbered(n)));
  await bench.network.pass(5_000);
  assert.equal(link.stats().connections, 2);
  assert.deepEqual(bench.serverTold.numbers.sort((a, b) => a - b), upTo(100));
  assert.equal(link.stats().cuts, 0);
  assert.equal(bench.server.stats().proven, 1);
  link.close();
});

test("renew() begins an opening anew that is older than 1 s, and leaves a younger one alone", async () => {
  const bench = new StreamBench();
  const signals: AbortSignal[] = [];
  const open = (signal: AbortSignal) => {
    signals.push(signal);
    return Promise.withResolvers<never>().promise;
  };
  const link = bench.link({ open });
  link.renew();
  assert.equal(signals.length, 0, "it was not started");
  link.start();
  await bench.network.pass(900);
  link.renew();
  assert.equal(signals.length, 1);
  await bench.network.pass(200);
  link.renew();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false]);
  assert.equal(link.failures, 0);
  link.close();
});

test("renew() tries again at once when the next opening is waited for", async () => {
  const bench = new StreamBench({ delay: 5 });
  const link = bench.link();
  link.start();
  await bench.network.pass(6_000);
  const { failures } = link;
  await bench.listen();
  link.renew();
  await bench.network.pass(100);
  assert.equal(link.state, "open");
  assert.ok(failures >= 4);
  link.close();
});

test("renew() leaves a path that is dead: the link goes on over the new connection", async () => {
  const { bench, link, far } = await StreamBench.open({ delay: 20 });
  // What was open before gets no packet through any more.
  bench.client.roam();
  link.send(numbered(1));
  await bench.network.pass(1_000);
  assert.deepEqual(bench.serverTold.numbers, []);
  link.renew();
  await bench.network.pass(200);
  link.send(numbered(2));
  far.send(numbered(3));
  await bench.network.pass(200);
  assert.deepEqual(bench.serverTold.numbers, [2]);
  far.send(numbered(4));
  await bench.network.pass(200);
  assert.deepEqual(bench.clientTold.numbers.at(-1), 4);
  // That the old one may have taken something with it is told at once, and again when it is sure.
  assert.equal(bench.clientTold.cuts, 1);
  await bench.network.pass(20_000);
  assert.equal(bench.clientTold.cuts, 2);
  assert.equal(link.state, "open");
  link.close();
});

test("somebody else in the server's place is told from it, and tried again", async () => {
  const bench = new StreamBench({ delay: 5 });
  const { publicKey } = bench.keyPair;
  // He knows the server's key, and so the keys of the cookie, but has another pair.
  const other = bench.x25519.generate();
  const listener = await bench.node.listenStream({ hostname: bench.node.address, port: 443 }, {
    onStream: (stream) => {
      const minute = Math.floor(bench.node.epochSeconds() / 60);
      const answer = sealOpeningFrame(answerCipher(publicKey, minute), {
        kind: "serverHello",
        longPublicKey: other.publicKey,
        ephemeralPublicKey: other.publicKey,
        resumeToken: new Uint8Array(0),
      }, bench.random);
      void stream.writable.getWriter().write(answer);
    },
  });
  const link = bench.link();
  link.start();
  await bench.network.pass(100);
  assert.equal(link.state, "down");
  assert.equal(link.lastError?.code, "no-answer");
  assert.equal(link.lastError?.message, "somebody else than the server answers at 10.0.0.2:443");
  await bench.network.pass(1_000);
  assert.ok(link.failures >= 2);
  listener.close();
  link.close();
});

test("a new connection that is cut before its name was said costs nothing: the old one goes on", async () => {
  const { bench, link, far } = await StreamBench.open({ delay: 10 });
  link.renew();
  await bench.network.pass(200);
  assert.equal(link.stats().connections, 2);
  const { cuts } = bench.clientTold;
  bench.cut();
  await bench.network.pass(50);
  assert.equal(link.state, "open");
  link.send(numbered(1));
  far.send(numbered(1));
  await bench.network.pass(100);
  assert.deepEqual(bench.serverTold.numbers, [1]);
  assert.deepEqual(bench.clientTold.numbers, [1]);
  assert.equal(bench.clientTold.cuts + bench.serverTold.cuts, cuts);
  // Another takes its place all the same.
  await bench.network.pass(5_000);
  assert.equal(link.stats().connections, 3);
  assert.equal(bench.server.stats().proven, 1);
  link.close();
});

test("an old connection is not closed before nothing has come over it for 1 s", async () => {
  const bench = await StreamBench.listening({ delay: 20, rate: 1 });
  const heardAt: number[] = [];
  const closedAt: number[] = [];
  const open = async (signal: AbortSignal) => {
    const n = heardAt.push(0) - 1;
    const stream = await bench.connect(signal);
    const heard = (bytes: Uint8Array) => {
      heardAt[n] = bench.network.now;
      return [bytes];
    };
    return tampered(stream, untouched, heard, () => void (closedAt[n] = bench.network.now));
  };
  const link = bench.link({ open });
  link.start();
  link.send(numbered(0));
  await bench.network.pass(500);
  // Two seconds of this path are on their way when the server moves to the new connection.
  for (const n of upTo(250)) {
    bench.lastLink.send(numbered(n, 1_000));
    await Promise.resolve();
  }
  link.renew();
  bench.every(100, 80, () => void link.send(numbered(1)));
  await bench.network.pass(8_000);
  assert.deepEqual(bench.clientTold.numbers.slice(0, 100), upTo(100));
  const [heard = 0, closed = 0] = [heardAt[0], closedAt[0]];
  assert.ok(heard > 1_000, `${heard}`);
  assert.ok(closed >= heard + 1_000 && closed < heard + 1_100, `${heard}, ${closed}`);
  assert.equal(link.stats().cuts, 0);
  link.close();
});
