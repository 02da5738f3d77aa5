import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import type { StreamListener, StreamSocket } from "../../src/host.ts";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import type { LinkConditions } from "../../src/sim/conditions.ts";
import type { SimulatedNetwork, SimulatedNode } from "../../src/sim/contract.ts";
import { testEachSeed } from "../support/each_seed.ts";
import { saltedBytes } from "../support/salted_bytes.ts";

const PORT = 80;

/** Two nodes, and a stream between them. */
interface Setting {
  readonly network: SimulatedNetwork;
  readonly a: SimulatedNode;
  readonly b: SimulatedNode;
  readonly listener: StreamListener;
  readonly near: StreamSocket;
  readonly far: StreamSocket;
}

async function setUp(conditions: LinkConditions = { delay: 10 }, seed = 1): Promise<Setting> {
  const network = simulatedNetwork({ seed, conditions, timers: "exact" });
  const [a, b] = [network.addNode("a"), network.addNode("b")];
  const accepted = Promise.withResolvers<StreamSocket>();
  const listener = await b.listenStream({ hostname: "::", port: PORT }, {
    onStream: (stream) => accepted.resolve(stream),
  });
  const near = await network.run(a.connectStream(listener.addr));
  // An end that is refused is told here and not again.
  const far = await network.run(Promise.race([accepted.promise, network.pass(30_000)]));
  assert.ok(far !== undefined);
  return { network, a, b, listener, near, far };
}

/** Reads to the end. */
async function readAll({ readable }: StreamSocket): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of readable) parts.push(part);
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Writes all, and closes the writing half. */
async function writeAll({ writable }: StreamSocket, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  for (let at = 0; at < bytes.length; at += 10_000) {
    await writer.write(bytes.subarray(at, at + 10_000));
  }
  await writer.close();
}

const isError = (code: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code;

test("connectStream() takes a round trip, and both ends know both addresses", async () => {
  const { network, listener, near, far } = await setUp();
  assert.equal(network.now, 30);
  assert.deepEqual(listener.addr, { hostname: "10.0.0.2", port: PORT });
  assert.deepEqual(near.remoteAddr, listener.addr);
  assert.deepEqual(near.localAddr, far.remoteAddr);
  assert.deepEqual(far.localAddr, listener.addr);
});

test("connectStream() rejects with reset where nobody listens, and no-answer where nobody is", async () => {
  const network = simulatedNetwork({ conditions: { delay: 10 } });
  const [a, b] = [network.addNode("a"), network.addNode("b")];
  const refused = a.connectStream({ hostname: b.address, port: 9 });
  await assert.rejects(network.run(refused), isError("reset"));
  assert.equal(network.now, 20);
  const lonely = a.connectStream({ hostname: "192.0.2.1", port: 9 });
  await assert.rejects(network.run(lonely, 100_000), isError("no-answer"));
  await assert.rejects(
    a.connectStream({ hostname: "b", port: 9 }),
    new RangeError('hostname must be an IP literal, got "b"'),
  );
  assert.equal(network.openSockets, 0);
});

test("connectStream() rejects with the signal's reason, before and during the wait, and not after", async () => {
  const { network, a, near, far } = await setUp();
  const reason = new Error("enough");
  const nobody = { hostname: "192.0.2.1", port: 9 };
  await assert.rejects(a.connectStream(nobody, { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const connecting = a.connectStream(nobody, { signal: controller.signal });
  await network.pass(5_000);
  controller.abort(reason);
  await assert.rejects(network.run(connecting), reason);
  const late = new AbortController();
  const stream = await network.run(a.connectStream(near.remoteAddr, { signal: late.signal }));
  late.abort(reason);
  await network.run(stream.writable.getWriter().write(Uint8Array.of(1)));
  for (const end of [near, far, stream]) end.close();
  await network.pass(10_000);
});

test("listenStream() refuses a port that is in use, until it is closed", async () => {
  const { network, a, b, listener } = await setUp();
  const handler = { onStream: () => {} };
  await assert.rejects(
    b.listenStream({ hostname: "0.0.0.0", port: PORT }, handler),
    isError("address-in-use"),
  );
  listener.close();
  listener.close();
  await assert.rejects(network.run(a.connectStream(listener.addr)), isError("reset"));
});

testEachSeed({
  name: "a stream carries every byte in order over paths of all kinds, both ways at once",
  file: import.meta.url,
  seeds: 6,
  run: async (seed) => {
    const paths: readonly LinkConditions[] = [
      {},
      { delay: 25, loss: 0.05 },
      { delay: 25, loss: 0.1, burst: 3, duplicate: 0.1, corrupt: 0.05 },
      { delay: 25, jitter: 40, keepsOrder: false, reorder: 0.1 },
      { delay: 5, rate: 2, queue: 10 },
      { delay: 25, rate: 20, queueTime: 20, discipline: "codel", loss: 0.01 },
    ];
    for (const conditions of paths) {
      const { network, near, far } = await setUp(conditions, seed);
      const [up, down] = [saltedBytes(0, 200_000, 1), saltedBytes(0, 90_000, 2)];
      const done = Promise.all([
        readAll(far),
        readAll(near),
        writeAll(near, up),
        writeAll(far, down),
      ]);
      const [gotUp, gotDown] = await network.run(done, 600_000);
      assert.deepEqual(gotUp, up);
      assert.deepEqual(gotDown, down);
      await network.pass(10_000);
      assert.equal(network.openSockets, 1);
    }
  },
});

test("a stream keeps to the rate of its path, and loss shows as delay", async () => {
  const time = async (conditions: LinkConditions) => {
    const { network, near, far } = await setUp(conditions);
    const start = network.now;
    const bytes = new Uint8Array(1_000_000);
    await network.run(Promise.all([writeAll(near, bytes), readAll(far)]), 600_000);
    return network.now - start;
  };
  // A megabyte in packets of 1,448 bytes, which take 1,500 on the wire: 828.7 ms at 10 Mbit/s.
  const clean = await time({ delay: 10, rate: 10 });
  assert.ok(clean > 828 && clean < 1_000, `${clean}`);
  const lossy = await time({ delay: 10, rate: 10, loss: 0.03 });
  assert.ok(lossy > 1.2 * clean, `${lossy}`);
});

test("a writer waits when nobody reads, and goes on when somebody does", async () => {
  const { network, near, far } = await setUp();
  let written = 0;
  const writing = (async () => {
    const writer = near.writable.getWriter();
    for (const chunk = new Uint8Array(10_000); written < 2_000_000; written += chunk.length) {
      await writer.write(chunk);
    }
    await writer.close();
  })();
  await network.pass(20_000);
  assert.ok(written >= 500_000 && written < 550_000, `${written}`);
  const [bytes] = await network.run(Promise.all([readAll(far), writing]));
  assert.equal(bytes.length, 2_000_000);
});

test("closing the writable half leaves the other one open", async () => {
  const { network, near, far } = await setUp();
  await network.run(writeAll(near, Uint8Array.of(1, 2)));
  assert.deepEqual(await network.run(readAll(far)), Uint8Array.of(1, 2));
  const answer = writeAll(far, Uint8Array.of(3));
  assert.deepEqual(await network.run(readAll(near)), Uint8Array.of(3));
  await network.run(answer);
});

test("aborting the writable half cuts the connection: the other end gets reset", async () => {
  const { network, near, far } = await setUp();
  const reading = readAll(far);
  reading.catch(() => {});
  await near.writable.abort();
  await assert.rejects(network.run(reading), isError("reset"));
  await assert.rejects(network.run(readAll(near)), isError("closed"));
  await assert.rejects(network.run(writeAll(far, Uint8Array.of(1))), isError("reset"));
  assert.equal(network.openSockets, 1);
});

test("aborting the writable cuts at once, though a write hangs", async () => {
  const { network, near, far } = await setUp();
  const writer = near.writable.getWriter();
  const hanging = writer.write(new Uint8Array(2_000_000));
  hanging.catch(() => {});
  await network.pass(1_000);
  await writer.abort();
  await assert.rejects(hanging, isError("closed"));
  await network.pass(1_000);
  await assert.rejects(network.run(readAll(far)), isError("reset"));
});

test("close() lets even that go out which was written and waits", async () => {
  const { network, near, far } = await setUp();
  const writer = near.writable.getWriter();
  const bytes = saltedBytes(0, 2_000_000, 5);
  for (let at = 0; at < bytes.length; at += 500_000) {
    void writer.write(bytes.subarray(at, at + 500_000));
  }
  near.close();
  assert.deepEqual(await network.run(readAll(far)), bytes);
});

test("close() lets what was written go out, and reads no more", async () => {
  const { network, near, far } = await setUp({ delay: 10, loss: 0.2 });
  const bytes = saltedBytes(0, 100_000, 3);
  const writer = near.writable.getWriter();
  void writer.write(bytes);
  await network.pass(0);
  near.close();
  near.close();
  assert.deepEqual(await network.run(readAll(far)), bytes);
  const more = far.writable.getWriter();
  for (let i = 0; i < 2; i++) {
    await more.write(Uint8Array.of(1)).catch(() => {});
    await network.pass(5_000);
  }
  await assert.rejects(more.write(Uint8Array.of(2)), isError("reset"));
});

test("a stream goes on after a blackout, and ends with connection-lost after a very long one", async () => {
  const { network, a, b, near, far } = await setUp();
  const writer = near.writable.getWriter();
  const reader = far.readable.getReader();
  network.path(a, b).change({ isDown: true });
  await network.run(writer.write(Uint8Array.of(1)));
  await network.pass(5_000);
  network.path(a, b).change({ isDown: false });
  assert.deepEqual((await network.run(reader.read())).value, Uint8Array.of(1));
  network.path(a, b).change({ isDown: true });
  await network.run(writer.write(Uint8Array.of(2)));
  await network.pass(600_000);
  await assert.rejects(writer.write(Uint8Array.of(3)), isError("connection-lost"));
});

test("rebind() cuts streams at the next packet, and roam() leaves them without answers", async () => {
  const rebound = await setUp();
  rebound.a.rebind();
  const writer = rebound.near.writable.getWriter();
  void writer.write(Uint8Array.of(1));
  await rebound.network.pass(100);
  await assert.rejects(writer.write(Uint8Array.of(2)), isError("reset"));
  const roamed = await setUp();
  roamed.a.roam();
  const second = roamed.near.writable.getWriter();
  void second.write(Uint8Array.of(1));
  await roamed.network.pass(600_000);
  await assert.rejects(second.write(Uint8Array.of(2)), isError("connection-lost"));
});

test("cutStreams() cuts all streams of a node at both ends, at once here and after the way there, and no others", async () => {
  const { network, a, listener, near, far } = await setUp();
  const other = network.addNode("c");
  const elsewhere = await network.run(other.connectStream(listener.addr));
  const reads = [near, far].map((stream) =>
    readAll(stream).then(() => assert.fail("it has ended in order"), (error: unknown) => ({
      error,
      at: network.now,
    }))
  );
  const cutAt = network.now;
  a.cutStreams();
  const [here, there] = await network.run(Promise.all(reads));
  for (const end of [here, there]) assert.ok(isError("reset")(end?.error));
  assert.deepEqual([here?.at, there?.at], [cutAt, cutAt + 10]);
  await assert.rejects(network.run(writeAll(near, Uint8Array.of(1))), isError("reset"));
  // The listener, the node's next streams and those of others go on.
  await network.run(writeAll(elsewhere, Uint8Array.of(1)));
  const next = await network.run(a.connectStream(listener.addr));
  next.close();
  elsewhere.close();
  listener.close();
});

test("stall() keeps a stream's bytes from the program, and its kernel goes on", async () => {
  const { network, a, b, near, far } = await setUp();
  const times: number[] = [];
  const reading = (async () => {
    for await (const _ of far.readable) times.push(network.now);
  })();
  const start = network.now;
  b.stall(500);
  await network.run(writeAll(near, new Uint8Array(100)));
  await network.pass(100);
  // Acknowledged, and not sent again.
  assert.deepEqual(times, []);
  const { sent } = network.path(a, b).counts;
  await network.pass(1_000);
  await reading;
  assert.deepEqual(times, [start + 500]);
  assert.equal(network.path(a, b).counts.sent, sent);
});
