import { test } from "node:test";
import assert from "node:assert/strict";
import type { Multiplex } from "../../src/net/contract.ts";
import type { Listener } from "../../src/net/listen_contract.ts";
import { SosistabError } from "../../src/errors.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-RESTART: how soon there is a new session once the server is back, ms. */
const MOST_WAIT = 1_000;

const text = (from: string) => new TextEncoder().encode(from);
const hasCode = (code: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code;

/** Ends a server that has no time to say goodbye. */
async function kill(pair: VirtualPair, listener: Listener): Promise<void> {
  pair.blackout(true);
  await pair.run(listener.close());
  pair.blackout(false);
}

/** Echoes each stream of a multiplex. */
async function echo(mux: Multiplex): Promise<void> {
  for await (const conn of mux) void conn.readable.pipeTo(conn.writable).catch(() => {});
}

for (const gone of [500, 10_000]) {
  test(`L1, F-RESTART: the server is killed while data waits, and back after ${gone / 1000} s`, async (context) => {
    const pair = new VirtualPair({ delay: 20 });
    const replayStore = new MemoryStore();
    const first = await pair.listen({ replayStore });
    const client = (await pair.connect(first)).multiplex();
    void echo((await pair.run(first.accept())).multiplex());
    const conn = await pair.run(client.openConn());
    await pair.run(conn.write(text("before")));
    await kill(pair, first);
    const pending = conn.read(new Uint8Array(10_000));
    await conn.write(new Uint8Array(100_000));
    await pair.pass(gone);
    const backAt = pair.now;
    const second = await pair.listen({ replayStore, freshKey: false });
    const accepted = second.accept().then((session) => {
      context.diagnostic(`a new session ${(pair.now - backAt).toFixed(0)} ms after it was back`);
      assert.ok(pair.now - backAt <= MOST_WAIT);
      void echo(session.multiplex());
    });
    await assert.rejects(pair.run(pending, 5_000), hasCode("session-lost"));
    await pair.run(accepted);
    assert.equal((await conn.closed).error?.code, "session-lost");
    // The multiplex goes on.
    const next = await pair.run(client.openConn());
    await pair.run(next.write(text("after")));
    const into = new Uint8Array(10);
    assert.equal(await pair.run(next.read(into)), 5);
    await pair.run(client.close());
    await pair.run(second.close());
  });
}
