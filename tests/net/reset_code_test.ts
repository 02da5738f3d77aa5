import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import type { RelConn } from "../../src/net/contract.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const DELAY = 20;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const CODES = [0, 1, 7, 0x01020304, 2 ** 32 - 1];

/** What a wait rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<SosistabError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof SosistabError, `${error}`);
    return error;
  }
  return assert.fail("it has settled");
}

function read(conn: RelConn): Promise<number | null> {
  return conn.read(new Uint8Array(10));
}

for (const end of ["client", "server"] as const) {
  test(`reset(code) of a ${end} tells the other end's reader and writer the code, at 30 % loss`, async () => {
    for (const seed of SEEDS) {
      const pair = new VirtualPair({ delay: DELAY, loss: 0.3 }, seed);
      const { client, server } = await pair.conns();
      const [own, other] = end === "client" ? [client, server] : [server, client];
      const code = CODES[seed % CODES.length]!;
      const waiting = errorOf(read(other));
      own.reset(code);
      const error = await pair.run(waiting);
      assert.deepEqual(
        [error.code, error.resetCode, error.resetReason],
        ["reset", code, undefined],
      );
      assert.equal((await errorOf(other.write(new Uint8Array(1)))).resetCode, code);
      assert.deepEqual(await other.closed, { by: "remote", error });
      const { by, error: ownError } = await own.closed;
      assert.deepEqual([by, ownError?.code, ownError?.resetCode], ["local", "closed", undefined]);
    }
  });
}

test("reset() without a code, and abort() of writable, tell none", async () => {
  for (const cut of [(conn: RelConn) => conn.reset(), (conn: RelConn) => conn.writable.abort()]) {
    const pair = new VirtualPair({ delay: DELAY });
    const { client, server } = await pair.conns();
    const waiting = errorOf(read(server));
    void cut(client);
    const error = await pair.run(waiting);
    assert.deepEqual([error.code, error.resetCode], ["reset", undefined]);
  }
});

test("reset(code) says its code even when all that was written has arrived and both have ended writing", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { client, server } = await pair.conns();
  await client.write(new Uint8Array(3));
  await pair.pass(100);
  server.closeWrite();
  client.reset(9);
  await pair.pass(100);
  assert.equal((await server.closed).error?.resetCode, 9);
});

test("reset() throws RangeError for what is no code, and cuts nothing", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { client, server } = await pair.conns();
  for (const code of [-1, 0.5, 2 ** 32, NaN, Infinity]) {
    assert.throws(() => client.reset(code), {
      name: "RangeError",
      message: `code must be an integer from 0 to 4294967295, got ${code}`,
    });
  }
  await client.write(new Uint8Array(1));
  assert.equal(await pair.run(read(server)), 1);
});

test("openConn() rejects with too-many-streams in resetReason when the other end takes no more", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { client } = await pair.multiplexes();
  const opened = Array.from({ length: 1_025 }, () => client.openConn());
  const error = await pair.run(errorOf(Promise.all(opened)));
  assert.deepEqual([error.code, error.resetReason], ["reset", "too-many-streams"]);
  assert.match(error.message, /takes no more/);
});

test("a stream for which the backlog has no room is cut with backlog-full", async () => {
  const pair = new VirtualPair({ delay: DELAY });
  const { client } = await pair.multiplexes();
  // Those that were cut since count too, as long as nobody accepts.
  for (let i = 0; i < 1_024; i++) {
    const conn = await pair.run(client.openConn());
    conn.reset();
  }
  await pair.pass(1_000);
  const error = await pair.run(errorOf(client.openConn().then(read)));
  assert.deepEqual([error.code, error.resetReason], ["reset", "backlog-full"]);
});
