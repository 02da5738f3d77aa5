import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import { listen } from "../../src/adapters/sim.ts";
import type { Host } from "../../src/host.ts";
import type { Session } from "../../src/net/contract.ts";
import { countedAlarms } from "../support/counted_alarms.ts";
import { pattern } from "../support/pattern.ts";
import { PORT, readAll, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

const DELAY = 20;
const DRAIN = 30_000;

/** How long it takes at the most to tell everybody, ms, when the deadline has come. */
const MOST_FAREWELL = 2_000;

const BYTES = pattern(500_000);

function hasCode(code: string, resetReason?: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof SosistabError && error.code === code && error.resetReason === resetReason;
}

for (const protocol of ["udp", "tcp"] as const) {
  test(`close({ drain }) lets open streams finish in both directions, and settles when nothing is left, over ${protocol}`, async () => {
    const pair = new VirtualPair({ delay: DELAY, rate: 5, queue: 100 });
    const { listener, client, server } = await pair.sessions({ tcp: true }, { protocol });
    const [near, far] = [client.multiplex(), server.multiplex()];
    const conns = await pair.run(Promise.all([near.openConn(), far.acceptConn()]));
    const transfers = conns.map(async (conn) => {
      const reading = readAll(conn);
      await conn.write(BYTES);
      conn.closeWrite();
      return await reading;
    });
    await pair.pass(200);
    const startedAt = pair.now;
    let closedAt = Infinity;
    const closing = listener.close({ drain: DRAIN }).then(() => closedAt = pair.now);
    const [down, up] = await pair.run(Promise.all(transfers));
    assert.deepEqual([down, up], [BYTES, BYTES]);
    const finishedAt = pair.now;
    assert.ok(finishedAt - startedAt > 500, "it took a while");
    await pair.run(closing);
    assert.ok(closedAt - finishedAt <= 10 * DELAY, `${closedAt - finishedAt} ms later`);
    assert.deepEqual(await pair.run(near.closed), { by: "remote" });
    assert.deepEqual(await far.closed, { by: "local" });
    for (const conn of conns) assert.equal((await conn.closed).error, undefined);
    await pair.pass(60_000);
    assert.equal(pair.network.openSockets, 0);
  });
}

test("close({ drain }) says goodbye at once to sessions with nothing open, raw or not, accepted or not", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { listener, client, server } = await pair.sessions();
  const raw = await pair.connect(listener);
  const waiting = await pair.connect(listener);
  await pair.run(listener.accept());
  server.multiplex();
  const idle = client.multiplex();
  await pair.pass(1_000);
  const startedAt = pair.now;
  const closing = listener.close({ drain: DRAIN });
  const ends = [idle.closed, raw.closed, waiting.closed];
  assert.deepEqual(await pair.run(Promise.all(ends)), Array(3).fill({ by: "remote" }));
  assert.ok(pair.now - startedAt <= DELAY + 1);
  await pair.run(closing);
  assert.ok(pair.now - startedAt <= 2 * DELAY + 1);
});

test("while it drains a listener is silent to strangers, accepts nothing, and opens nothing", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { listener, client, server, clientMux, serverMux } = await pair.conns();
  const accepting = assert.rejects(listener.accept(), hasCode("closed"));
  const closing = listener.close({ drain: DRAIN });
  await accepting;
  await assert.rejects(listener.accept(), hasCode("closed"));
  await assert.rejects(
    pair.run(clientMux.openConn()),
    hasCode("reset", "going-away"),
  );
  await assert.rejects(serverMux.openConn(), hasCode("closed"));
  const sent = pair.down.counts.sent;
  await assert.rejects(pair.connect(listener, { timeout: 3_000 }), hasCode("no-answer"));
  assert.equal(pair.down.counts.sent, sent);
  // The stream that is open lives on.
  await client.write(pattern(10));
  await server.write(pattern(20));
  const into = new Uint8Array(100);
  assert.equal(await pair.run(server.read(into)), 10);
  assert.equal(await pair.run(client.read(into)), 20);
  await pair.run(Promise.all([client.close(), server.close(), closing]));
  assert.equal((await client.closed).error, undefined);
});

test("a client that moves while its server drains goes on", async () => {
  const pair = new VirtualPair({ delay: DELAY, rate: 5, queue: 100 });
  const { listener, client, server } = await pair.conns();
  const closing = listener.close({ drain: DRAIN });
  const reading = readAll(server);
  const writing = client.write(BYTES).then(() => client.close());
  await pair.pass(300);
  pair.clientHost.roam();
  assert.deepEqual(await pair.run(reading), BYTES);
  await pair.run(Promise.all([writing, server.close(), closing]));
});

const DEADLINES = {
  "at the deadline": { after: DRAIN, act: () => {} },
  "when the signal is aborted": { after: 5_000, act: (abort: () => void) => abort() },
  "when the listener is closed again": {
    after: 5_000,
    act: (_: () => void, close: () => void) => close(),
  },
} as const;

for (const [when, { after, act }] of Object.entries(DEADLINES)) {
  for (const isVanished of [false, true]) {
    const whose = isVanished ? "of clients that have vanished" : "of clients";
    test(`${when} close({ drain }) cuts what is left, ${whose}, and settles`, async () => {
      const pair = new VirtualPair({ delay: DELAY });
      const { listener, client, server, clientMux } = await pair.conns();
      await pair.pass(1_000);
      if (isVanished) pair.blackout(true);
      const startedAt = pair.now;
      const abort = new AbortController();
      const closing = listener.close({ drain: DRAIN, signal: abort.signal });
      const reading = assert.rejects(server.read(new Uint8Array(1)), hasCode("closed"));
      await pair.pass(after);
      let again: Promise<void> | undefined;
      act(() => abort.abort(), () => again = listener.close());
      await pair.run(closing);
      await again;
      await reading;
      const most = after + (isVanished ? MOST_FAREWELL : 2 * DELAY) + 1;
      assert.ok(pair.now - startedAt <= most, `${pair.now - startedAt} ms`);
      assert.equal(pair.serverHost.openSockets, 0);
      if (isVanished) return;
      assert.deepEqual(await clientMux.closed, { by: "remote" });
      assert.equal((await client.closed).error?.code, "goodbye");
    });
  }
}

test("a further close({ drain }) can only bring the deadline nearer", async () => {
  for (const [first, second, expected] of [[10_000, 3_000, 3_000], [3_000, 10_000, 3_000]]) {
    const pair = new VirtualPair({ delay: DELAY });
    const { listener } = await pair.conns();
    const startedAt = pair.now;
    const all = Promise.all([
      listener.close({ drain: first! }),
      listener.close({ drain: second! }),
    ]);
    await pair.run(all);
    const time = pair.now - startedAt;
    assert.ok(time >= expected! && time <= expected! + 2 * DELAY + 1, `${time} ms`);
  }
});

test("close() rejects a drain out of range, and a signal that is aborted means now", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { listener, client } = await pair.conns();
  for (const drain of [-1, NaN, 2 ** 30 + 1, Infinity]) {
    await assert.rejects(listener.close({ drain }), {
      name: "RangeError",
      message: `drain must be 0 to 1073741824 ms, got ${drain}`,
    });
  }
  await client.write(new Uint8Array(1));
  const startedAt = pair.now;
  await pair.run(listener.close({ drain: DRAIN, signal: AbortSignal.abort() }));
  assert.ok(pair.now - startedAt <= 2 * DELAY + 1);
});

test("a listener that is aborted by the signal of listen() tells all its sessions", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const abort = new AbortController();
  const listener = await pair.listen({ signal: abort.signal });
  const clients: Session[] = [await pair.connect(listener), await pair.connect(listener)];
  await pair.pass(100);
  abort.abort();
  const ends = await pair.run(Promise.all(clients.map(({ closed }) => closed)), 1_000);
  assert.deepEqual(ends, Array(2).fill({ by: "remote" }));
  await pair.pass(100);
  assert.equal(pair.network.openSockets, 0);
});

test("close({ drain }) of a listener that is closed already settles, and leaves no alarm", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  let alarms = 0;
  const host: Host = Object.assign(Object.create(pair.serverHost), {
    setAlarm: countedAlarms(pair.serverHost, (change) => alarms += change),
  });
  const listener = await pair.run(listen(host, { port: PORT, secretKey: SECRET_KEY }));
  await pair.run(listener.close());
  await pair.run(listener.close({ drain: DRAIN }));
  assert.equal(alarms, 0);
});

test("a listener that is closed holds on to its signal no longer", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { signal } = new AbortController();
  const heard = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type: string, listener: EventListener) => {
    heard.add(listener);
    addEventListener.call(signal, type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    heard.delete(listener);
    removeEventListener.call(signal, type, listener);
  };
  const listener = await pair.listen({ signal });
  assert.equal(heard.size, 1);
  await pair.run(listener.close());
  assert.equal(heard.size, 0);
});
