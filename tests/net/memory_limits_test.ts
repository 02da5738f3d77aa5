/**
 * What the other end of a session may cost: the limits of the public API, and what is told of them.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import {
  connect,
  listen,
  type Listener,
  type Multiplex,
  type RelConn,
  type Session,
} from "../../mod.ts";
import { PORT, readAll, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

const KIB = 1024;
const MIB = 2 ** 20;

test("listen() and connect() throw a RangeError that names the limit and its value", async () => {
  const { serverHost, clientHost } = new VirtualPair();
  const cases = [
    [{ streams: 0 }, "streams must be an integer from 1 to 65536, got 0"],
    [{ streams: 65_537 }, "streams must be an integer from 1 to 65536, got 65537"],
    [{ streams: 1.5 }, "streams must be an integer from 1 to 65536, got 1.5"],
    [{ bytes: 16_383 }, "bytes must be an integer of at least 16384 bytes, got 16383"],
    [{ bytes: NaN }, "bytes must be an integer of at least 16384 bytes, got NaN"],
    [{ bytesPerStream: 1 }, "bytesPerStream must be an integer of at least 16384 bytes, got 1"],
  ] as const;
  const serverKey = new Uint8Array(32).fill(9);
  for (const [limits, message] of cases) {
    await assert.rejects(
      connect(clientHost, { hostname: "server", port: PORT, serverKey, limits }),
      { name: "RangeError", message: `limits.${message}` },
    );
    await assert.rejects(
      listen(serverHost, { secretKey: SECRET_KEY, limits: { perSession: limits } }),
      { name: "RangeError", message: `limits.perSession.${message}` },
    );
  }
  await assert.rejects(listen(serverHost, { secretKey: SECRET_KEY, limits: { bytes: 0 } }), {
    name: "RangeError",
    message: "limits.bytes must be an integer of at least 16384 bytes, got 0",
  });
});

/** So many clients of a listener, with both ends of a multiplex. */
async function multiplexes(
  pair: VirtualPair,
  listener: Listener,
  count: number,
): Promise<{ readonly client: Multiplex; readonly server: Multiplex }[]> {
  const ends = [];
  for (let i = 0; i < count; i++) {
    const client = (await pair.connect(listener)).multiplex();
    const server = (await pair.run(listener.accept())).multiplex();
    ends.push({ client, server });
  }
  return ends;
}

/** A stream, both ends of it. */
async function stream(
  pair: VirtualPair,
  { client, server }: { readonly client: Multiplex; readonly server: Multiplex },
): Promise<{ readonly near: RelConn; readonly far: RelConn }> {
  const near = await pair.run(client.openConn());
  return { near, far: await pair.run(server.acceptConn()) };
}

test("B-STREAMS: a client has as many streams open as perSession.streams says, and others are refused", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ limits: { perSession: { streams: 3 } } });
  const [ends] = await multiplexes(pair, listener, 1);
  const { client, server } = ends!;
  const conns = await Promise.all([1, 2, 3].map(() => pair.run(client.openConn())));
  await assert.rejects(pair.run(client.openConn()), { code: "reset" });
  assert.equal(server.stats().streams, 3);
  assert.equal(server.stats().refused, 1);
  conns[0]!.reset();
  await pair.pass(1_000);
  await pair.run(client.openConn());
  assert.equal(server.stats().streams, 3);
});

test("a stream nobody reads holds bytesPerStream, its writer waits, and all of it arrives when it is read", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ limits: { perSession: { bytesPerStream: 64 * KIB } } });
  const [ends] = await multiplexes(pair, listener, 1);
  const { near, far } = await stream(pair, ends!);
  const before = ends!.server.stats().bytesHeld;
  const chunk = new Uint8Array(MIB).fill(1);
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 4; i++) {
      await near.write(chunk);
      written++;
    }
    near.closeWrite();
  })();
  await pair.pass(20_000);
  assert.equal(written, 0, "write() waits: what is held of it is bounded");
  // Beside the stream, what is kept for repairs of what the server says.
  const held = ends!.server.stats().bytesHeld - before;
  assert.ok(held > 60 * KIB && held <= 96 * KIB, `${held} bytes`);
  const all = await pair.run(readAll(far), 60_000);
  assert.equal(all.length, 4 * MIB);
  await writing;
});

test("F-BIDI: readers go on in one session while others hold all that the process may", async () => {
  const pair = new VirtualPair();
  const bytes = 512 * KIB;
  const listener = await pair.listen({ limits: { bytes } });
  const ends = await multiplexes(pair, listener, 12);
  const { near, far } = await stream(pair, ends[0]!);
  for (const each of ends.slice(1, 8)) {
    const { near } = await stream(pair, each);
    void near.write(new Uint8Array(2 * MIB)).catch(() => {});
  }
  await pair.pass(10_000);
  const { bytesHeld, droppedByMemoryLimit } = listener.stats();
  assert.ok(bytesHeld <= bytes && bytesHeld > bytes / 2, `${bytesHeld} bytes`);
  assert.ok(droppedByMemoryLimit > 0);
  const answering = (async () => {
    const all = await readAll(far);
    await far.write(all);
    far.closeWrite();
  })();
  void near.write(new Uint8Array(300 * KIB).fill(5)).then(() => near.closeWrite());
  const echo = await pair.run(readAll(near), 300_000);
  await pair.run(answering);
  assert.equal(echo.length, 300 * KIB);
  assert.ok(echo.every((byte) => byte === 5));
});

test("datagrams that nobody receives are held up to the limit of the session, and told as dropped", async () => {
  const pair = new VirtualPair();
  const limits = { perSession: { bytes: 64 * KIB } };
  const { client, server, listener } = await pair.sessions({ limits });
  await flood(pair, client, 300);
  const { bytesHeld, receivesDropped, droppedByMemoryLimit } = server.stats();
  assert.ok(bytesHeld <= 64 * KIB && bytesHeld > 32 * KIB, `${bytesHeld} bytes`);
  assert.ok(receivesDropped > 200 && droppedByMemoryLimit >= receivesDropped);
  assert.equal(listener.stats().bytesHeld, bytesHeld);
  assert.equal((await pair.run(server.receive())).length, 1_000);
  await pair.run(server.close());
  assert.equal(listener.stats().bytesHeld, 0, "an end gives all back");
});

test("a client's own limits hold for what its server sends", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions({}, { limits: { bytes: 64 * KIB, streams: 1 } });
  await flood(pair, server, 300);
  assert.ok(client.stats().bytesHeld <= 64 * KIB);
  assert.ok(client.stats().receivesDropped > 200);
  const [near, far] = [client.multiplex(), server.multiplex()];
  await pair.run(far.openConn());
  await assert.rejects(pair.run(far.openConn()), { code: "reset" });
  assert.equal(near.stats().refused, 1);
});

test("listeners of a host that say nothing share what a process may hold; one that does has its own", async () => {
  const pair = new VirtualPair();
  const { client, listener } = await pair.sessions();
  const secretKey = new Uint8Array(32).fill(8);
  const others = await Promise.all([
    listen(pair.serverHost, { port: PORT + 1, secretKey, freshKey: true }),
    listen(pair.serverHost, { port: PORT + 2, secretKey, freshKey: true, limits: { bytes: MIB } }),
  ]);
  await flood(pair, client, 20);
  const held = listener.stats().bytesHeld;
  assert.ok(held > 20_000, `${held}`);
  assert.deepEqual(others.map((each) => each.stats().bytesHeld), [held, 0]);
});

async function flood(pair: VirtualPair, session: Session, datagrams: number): Promise<void> {
  for (let i = 0; i < datagrams; i++) {
    session.send(new Uint8Array(1_000).fill(i));
    if (i % 10 === 0) await pair.pass(10);
  }
  await pair.pass(1_000);
}
