import { test } from "node:test";
import assert from "node:assert/strict";
import type { RelConn, Session, WaitOptions } from "../../src/net/contract.ts";
import type { ListenOptions } from "../../src/net/listen_contract.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** Lets clients in, or not, by their first message. */
const bySecret: NonNullable<ListenOptions["authorize"]> = async (session, { signal }) => {
  const said = await session.receive({ signal });
  return new TextDecoder().decode(said) === "secret";
};

/** What a client says to whom, and a listener that decides by it. */
async function asking(authorize: ListenOptions["authorize"], options: Partial<ListenOptions> = {}) {
  const pair = new VirtualPair();
  const listener = await pair.listen({ ...(authorize && { authorize }), ...options });
  const accepted: Session[] = [];
  void (async () => {
    for await (const session of listener) accepted.push(session);
  })();
  return { pair, listener, accepted };
}

test("authorize() lets in whom it says true of, and accept() gives out none before", async () => {
  const { pair, listener, accepted } = await asking(bySecret);
  const client = await pair.connect(listener);
  await pair.pass(1_000);
  assert.equal(accepted.length, 0);
  assert.equal(listener.stats().sessionsQueued, 1);
  client.send(text("secret"));
  client.send(text("and more"));
  await pair.pass(100);
  assert.equal(accepted.length, 1);
  assert.deepEqual(await pair.run(accepted[0]!.receive()), text("and more"));
  assert.equal(listener.stats().droppedByAuthorize, 0);
  await pair.run(listener.close());
});

test("authorize() that says no, or throws at once or later, ends the session, and it is counted", async () => {
  const refusals: NonNullable<ListenOptions["authorize"]>[] = [
    () => false,
    () => Promise.resolve(false),
    () => {
      throw new Error("no such user");
    },
    () => Promise.reject(new Error("no such user")),
    // A program without types may say anything.
    () => JSON.parse(`"yes"`),
  ];
  for (const authorize of refusals) {
    const { pair, listener, accepted } = await asking(authorize);
    await pair.connect(listener);
    await pair.pass(1_000);
    assert.equal(accepted.length, 0);
    const { sessionsOpen, sessionsQueued, droppedByAuthorize } = listener.stats();
    assert.deepEqual([sessionsOpen, sessionsQueued, droppedByAuthorize], [0, 0, 1]);
    await pair.run(listener.close());
  }
});

test("authorizeTimeout ends a session whose client says nothing, and the wait for it", async () => {
  const reasons: unknown[] = [];
  const { pair, listener } = await asking(async (session, options) => {
    try {
      return await bySecret(session, options);
    } catch (error) {
      reasons.push(error);
      throw error;
    }
  }, { authorizeTimeout: 2_000 });
  await pair.connect(listener);
  await pair.pass(1_900);
  assert.equal(listener.stats().sessionsOpen, 1);
  await pair.pass(200);
  assert.equal(listener.stats().sessionsOpen, 0);
  assert.equal(listener.stats().droppedByAuthorize, 1);
  assert.equal(reasons.length, 1);
  assert.match(String(reasons[0]), /took too long/);
  await pair.run(listener.close());
});

test("a client that leaves meanwhile, or a listener that closes, ends the wait, and nobody was refused", async () => {
  for (const leaves of [true, false]) {
    let isOver = false;
    const { pair, listener, accepted } = await asking(async (session, options) => {
      try {
        return await bySecret(session, options);
      } finally {
        isOver = true;
      }
    }, { idleTimeout: 3_000 });
    const client = await pair.connect(listener);
    await pair.pass(500);
    if (leaves) await pair.run(client.close());
    else await pair.run(listener.close());
    await pair.pass(5_000);
    assert.equal(isOver, true);
    assert.equal(accepted.length, 0);
    assert.equal(listener.stats().droppedByAuthorize, 0);
    await pair.run(listener.close());
  }
});

test("limits.backlog holds for those who are being decided about", async () => {
  const { pair, listener, accepted } = await asking(bySecret, { limits: { backlog: 2 } });
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push(await pair.connect(listener));
  await pair.pass(100);
  assert.equal(listener.stats().sessionsQueued, 2);
  assert.ok(listener.stats().droppedByBacklog > 0);
  for (const client of clients) client.send(text("secret"));
  await pair.pass(100);
  assert.equal(accepted.length, 2);
  await pair.run(listener.close());
});

test("authorizeTimeout that makes no sense is a caller's mistake", async () => {
  await assert.rejects(
    new VirtualPair().listen({ authorizeTimeout: 0 }),
    new RangeError("authorizeTimeout must be 1 to 1073741824 ms, got 0"),
  );
});

/** The line that a client writes first; no longer than 200 bytes. */
async function firstLine(conn: RelConn, options: WaitOptions): Promise<string> {
  let line = "";
  const into = new Uint8Array(200);
  while (!line.includes("\n") && line.length < 200) {
    const count = await conn.read(into, options);
    if (count === null) break;
    line += new TextDecoder().decode(into.subarray(0, count));
  }
  return line.trimEnd();
}

test("user accounts over the first stream: who says the right password is served by name, others are not", async () => {
  const passwords = new Map([["ann", "1234"], ["bob", "5678"]]);
  const users = new WeakMap<Session, string>();
  const { pair, listener, accepted } = await asking(async (session, { signal }) => {
    const conn = await session.multiplex().acceptConn({ signal });
    const [name = "", password] = (await firstLine(conn, { signal })).split(" ");
    if (passwords.get(name) !== password) return false;
    users.set(session, name);
    await conn.write(text("welcome\n"), { signal });
    return true;
  });
  const login = async (line: string) => {
    const session = await pair.connect(listener);
    const conn = await pair.run(session.multiplex().openConn("login"));
    void conn.write(text(line)).catch(() => {});
    return { session, conn };
  };
  const ann = await login("ann 1234\n");
  assert.equal(await pair.run(firstLine(ann.conn, {})), "welcome");
  const liar = await login("ann 5678\n");
  await pair.run(liar.conn.closed);
  await pair.pass(100);
  assert.deepEqual(accepted.map((session) => users.get(session)), ["ann"]);
  // The multiplex that was asked over goes on.
  const further = await pair.run(ann.session.multiplex().openConn("work"));
  const served = await pair.run(accepted[0]!.multiplex().acceptConn());
  assert.equal(served.info, further.info);
  assert.equal(listener.stats().droppedByAuthorize, 1);
  await pair.run(listener.close());
});
