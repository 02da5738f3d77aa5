import { test } from "node:test";
import assert from "node:assert/strict";
import type { RelConn, Session } from "../../src/net/contract.ts";
import { KeyRenewal } from "../../src/net/key_renewal.ts";
import { DrivenSession } from "../../src/net/session.ts";
import { Random } from "../../src/random.ts";
import { MOST_NONCES } from "../../src/crypto/nonces.ts";
import { SessionMachine, type SessionMachineOptions } from "../../src/session/machine.ts";
import { MOST_SEALED } from "../../src/session/session_keys.ts";
import { seededSource } from "../support/seeded_random.ts";
import { readAll, VirtualPair } from "../support/virtual_pair.ts";
import { WatchedCiphers } from "../support/watched_ciphers.ts";

const BYTES = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 31 + (i >> 8)) % 251);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

async function send(conn: RelConn): Promise<void> {
  await conn.write(BYTES);
  conn.closeWrite();
}

function watched(pair: VirtualPair): WatchedCiphers {
  const ciphers = new WatchedCiphers();
  for (const host of [pair.clientHost, pair.serverHost]) {
    Object.assign(host, { createCipher: ciphers.createCipher });
  }
  return ciphers;
}

const CARRIERS = [
  { protocol: "udp", loss: 0.02, rate: 20, leastKeys: 8, most: 900 },
  // A stream is asked for other keys every three seconds at the most.
  { protocol: "tcp", loss: 0, rate: 2, leastKeys: 4, most: 1_800 },
] as const;

for (const { protocol, loss, rate, leastKeys, most } of CARRIERS) {
  test(`B-NONCE: a session moves to new keys before its limit, streams untouched, exactly once, over ${protocol}`, async (context) => {
    const pair = new VirtualPair({ delay: 20, rate, queue: 100, loss });
    const ciphers = watched(pair);
    const { listener, client: session, server: far } = await pair.sessions({ tcp: true }, {
      protocol,
      keyLimits: { packets: 300 },
    });
    const [clientMux, serverMux] = [session.multiplex(), far.multiplex()];
    const client = await pair.run(clientMux.openConn());
    const server = await pair.run(serverMux.acceptConn());
    const all = Promise.all([send(client), send(server), readAll(client), readAll(server)]);
    const [, , down, up] = await pair.run(all, 120_000);
    assert.deepEqual(down, BYTES);
    assert.deepEqual(up, BYTES);
    assert.equal(listener.stats().sessionsOpen, 1, "one session for the programs");
    const keys = ciphers.used.length;
    const sealed = Math.max(...ciphers.used.map((record) => record.sealed));
    context.diagnostic(`${keys} keys, ${sealed} packets under one at the most`);
    assert.ok(keys >= leastKeys, `${keys} keys sealed something`);
    assert.ok(sealed < most, `${sealed} packets under one key`);
    assert.ok(ciphers.used.every(({ repeats }) => repeats === 0));
    await pair.run(clientMux.close());
    await pair.pass(1_000);
    assert.ok(ciphers.used.every(({ isWiped }) => isWiped), "all keys are overwritten");
    await pair.run(listener.close());
  });
}

test("KeyLimits.age: a session that lasts for long has other keys whenever they are too old, and its stream goes on", async () => {
  const pair = new VirtualPair();
  const ciphers = watched(pair);
  const { listener, client: session, server: far } = await pair.sessions({}, {
    keyLimits: { age: HOUR },
  });
  const [clientMux, serverMux] = [session.multiplex(), far.multiplex()];
  const client = await pair.run(clientMux.openConn());
  const server = await pair.run(serverMux.acceptConn());
  const into = new Uint8Array(10);
  for (let minute = 0; minute < 190; minute += 5) {
    await pair.run(client.write(Uint8Array.of(minute)));
    assert.equal(await pair.run(server.read(into)), 1);
    assert.equal(into[0], minute);
    await pair.pass(HOUR / 12);
  }
  // The first keys, and three more for each direction.
  assert.equal(ciphers.used.length, 2 * 4);
  assert.equal(listener.stats().sessionsOpen, 1);
  await pair.run(clientMux.close());
  await pair.run(listener.close());
});

test("KeyLimits: a raw session goes on under other keys, and loses no more than what was on its way", async () => {
  const pair = new VirtualPair({ delay: 20 });
  const ciphers = watched(pair);
  const { listener, client, server } = await pair.sessions({}, { keyLimits: { packets: 500 } });
  const seen = new Set<number>();
  const reading = (async () => {
    for (let count = 0; count < 4_900; count++) {
      const datagram = await server.receive();
      const number = new DataView(datagram.buffer, datagram.byteOffset).getUint32(0);
      assert.ok(!seen.has(number), "no datagram comes twice");
      seen.add(number);
    }
  })();
  const datagram = new Uint8Array(100);
  for (let number = 0; number < 5_000; number++) {
    new DataView(datagram.buffer).setUint32(0, number);
    client.send(datagram);
    await pair.pass(5);
  }
  await pair.run(reading);
  assert.ok(ciphers.used.length >= 2 * 8, `${ciphers.used.length} keys`);
  await pair.run(client.close());
  await pair.run(listener.close());
});

/** Gives both ends of a session other keys, which have been used before. */
function presetKeys(
  client: Session,
  server: Session,
  use: { readonly client?: KeyUse; readonly server?: KeyUse },
): void {
  for (const [role, session] of Object.entries({ client, server })) {
    assert.ok((role === "client" || role === "server") && session instanceof DrivenSession);
    const { driver } = session;
    const machine = new SessionMachine({
      role,
      secret: new Uint8Array(32).fill(5),
      random: driver.options.random,
      ...(use[role] && { use: use[role] }),
    });
    // Its name stays: by that the server knows it again.
    Object.assign(machine.keys, { identity: driver.session.identity });
    driver.replace({ session: machine, path: driver.path }, true);
  }
}

type KeyUse = SessionMachineOptions["use"];

test("B-NONCE: a client whose count is preset to 100 before 2^31 has other keys soon after, and its stream goes on", async () => {
  const pair = new VirtualPair();
  const { listener, client, server } = await pair.sessions();
  presetKeys(client, server, { client: { sealed: 2 ** 31 - 100 } });
  assert.ok(client instanceof DrivenSession);
  const { driver } = client;
  const mux = client.multiplex();
  const farMux = server.multiplex();
  const conn = await pair.run(mux.openConn());
  const all = Promise.all([send(conn), farMux.acceptConn().then(readAll)]);
  const [, bytes] = await pair.run(all, 60_000);
  assert.deepEqual(bytes, BYTES);
  assert.ok(driver.session.keys.sealed < 10_000, "they count anew");
  assert.equal(listener.stats().sessionsOpen, 1);
  await pair.run(mux.close());
  await pair.run(listener.close());
});

test("B-NONCE: a session whose keys are spent ends with keys-spent before a nonce is lacking, at whatever end", async () => {
  for (const role of ["client", "server"] as const) {
    const pair = new VirtualPair();
    const { listener, client, server } = await pair.sessions();
    presetKeys(client, server, { [role]: { sealed: MOST_SEALED - 50 } });
    const session = role === "client" ? client : server;
    assert.ok(session instanceof DrivenSession);
    const { driver } = session;
    // No answer shows it a server: otherwise a client would have begun long before.
    pair.blackout(true);
    for (let i = 0; i < 49; i++) session.send(new Uint8Array(10));
    assert.equal(driver.closure, undefined);
    session.send(new Uint8Array(10));
    const { by, error } = await pair.run(session.closed);
    assert.deepEqual([by, error?.code], ["error", "keys-spent"]);
    assert.ok(driver.session.keys.sealed < MOST_NONCES);
    pair.blackout(false);
    await pair.run(Promise.all([client.close(), server.close()]));
    await pair.run(listener.close());
  }
});

test("B-NONCE: a session ends with keys-spent when 2^36 packets have not opened", async () => {
  const pair = new VirtualPair();
  const { listener, client, server } = await pair.sessions();
  presetKeys(client, server, { server: { failed: 2 ** 36 - 1 } });
  client.send(new Uint8Array(10));
  await pair.run(server.receive());
  assert.ok(server instanceof DrivenSession);
  const { driver } = server;
  assert.equal(driver.handleDatagram(new Uint8Array(100)), "foreign");
  driver.flush();
  assert.equal((await pair.run(server.closed)).error?.code, "keys-spent");
  await pair.run(client.close());
  await pair.run(listener.close());
});

test("KeyLimits are checked: a mistake is told at once", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const connect = (packets: number, age: number) =>
    pair.connect(listener, { keyLimits: { packets, age } });
  await assert.rejects(connect(0, 1_000), /keyLimits.packets must be an integer of at least 1/);
  await assert.rejects(connect(2 ** 31 + 1, 1_000), /keyLimits.packets must be at most 2\^31/);
  await assert.rejects(connect(1, 0), /keyLimits.age must be 1 to/);
  await pair.run(listener.close());
});

function machine(sealed: number, isOwnKind: boolean, failed = 0): SessionMachine {
  const session = new SessionMachine({
    role: "client",
    secret: new Uint8Array(32).fill(1),
    random: new Random(seededSource(1)),
    use: { sealed, failed },
  });
  if (isOwnKind) session.acquaintance.onFrame({ bits: 0 });
  return session;
}

test("KeyRenewal begins at 2^31 packets, with the original 2^28 before the end, and with 2^35 that did not open", () => {
  const begins = (...of: Parameters<typeof machine>) =>
    new KeyRenewal({}, 0).begin(machine(...of), 0);
  assert.equal(begins(2 ** 31 - 1, true), false);
  assert.equal(begins(2 ** 31, true), true);
  assert.equal(begins(MOST_SEALED - 2 ** 28 - 1, false), false);
  assert.equal(begins(MOST_SEALED - 2 ** 28, false), true);
  assert.equal(begins(0, false, 2 ** 35 - 1), false);
  assert.equal(begins(0, false, 2 ** 35), true);
});

test("KeyRenewal begins after a day, with our own kind alone, and once", () => {
  const renewal = new KeyRenewal({}, 1_000);
  assert.equal(renewal.begin(machine(0, true), DAY + 999), false);
  assert.equal(renewal.begin(machine(0, false), 100 * DAY), false);
  assert.equal(renewal.begin(machine(0, true), DAY + 1_000), true);
  assert.equal(renewal.isUnderWay, true);
  assert.equal(renewal.begin(machine(0, true), DAY + 1_001), false);
  renewal.onReplaced(DAY + 2_000);
  assert.equal(renewal.isUnderWay, false);
  assert.equal(renewal.begin(machine(0, true), 2 * DAY + 1_999), false);
  assert.equal(renewal.begin(machine(0, true), 2 * DAY + 2_000), true);
});
