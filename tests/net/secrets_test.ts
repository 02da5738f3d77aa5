import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, listen, SosistabError, tracePackets } from "../../mod.ts";
import { SessionCipher } from "../../src/crypto/aead.ts";
import { HelloCipher } from "../../src/crypto/hello_cipher.ts";
import { asciiKey, keyedHash } from "../../src/crypto/hash.ts";
import { deriveSessionKeys, portableX25519, publicKeyOf } from "../../src/crypto/keys.ts";
import { NonceSequence } from "../../src/crypto/nonces.ts";
import { StreamCipher } from "../../src/crypto/stream_cipher.ts";
import { generateOwnKeys, Initiator } from "../../src/handshake/initiator.ts";
import { Responder } from "../../src/handshake/responder.ts";
import { TokenKeeper } from "../../src/handshake/token_keeper.ts";
import { parseUrl } from "../../src/net/url.ts";
import { Route } from "../../src/net/route.ts";
import { Routes } from "../../src/net/routes.ts";
import { SearchKeys } from "../../src/net/server_search.ts";
import { Random } from "../../src/random.ts";
import { ClientRecordMachine } from "../../src/records/client_machine.ts";
import { HelloCiphers } from "../../src/records/hello_ciphers.ts";
import { ServerRecordMachine } from "../../src/records/server_machine.ts";
import { SessionMachine } from "../../src/session/machine.ts";
import { currentHost, RUNTIME } from "../support/current_host.ts";
import { freshHellos } from "../support/fresh_hellos.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { SecretFinder, spellings } from "../support/secret_finder.ts";
import { seededSource } from "../support/seeded_random.ts";
import { readAll } from "../support/virtual_pair.ts";

const secret = (seed: number) => {
  const bytes = new Uint8Array(32);
  seededSource(seed)(bytes);
  return bytes;
};

function assertSilent(finder: SecretFinder, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    for (const [spelling, text] of spellings(value)) {
      assert.deepEqual(finder.find(text), [], `${name} by ${spelling} on ${RUNTIME}`);
    }
  }
}

test("SecretFinder finds a key in everything that can be printed of what holds it openly", () => {
  const finder = new SecretFinder();
  const key = secret(1);
  finder.add("key", key);
  const texts = [...spellings({ inner: { key } })];
  assert.ok(texts.length >= 3);
  for (const [name, text] of texts) {
    if (name !== "String") assert.notDeepEqual(finder.find(text), [], name);
  }
  for (const text of [String(key), btoa(String.fromCharCode(...key))]) {
    assert.equal(finder.find(text).length > 0, true, text);
  }
});

for (const protocol of ["udp", "tcp"] as const) {
  test(`keys are in nothing that can be printed of a listener, a session, a multiplex, a stream, their figures and their errors, over ${protocol}`, async () => {
    const finder = new SecretFinder();
    const host = finder.watch(await currentHost());
    const secretKey = secret(2);
    finder.add("the server's secret key", secretKey);
    const listener = await listen(host, {
      hostname: "127.0.0.1",
      secretKey,
      replayStore: new MemoryStore(),
      freshKey: true,
      tcp: true,
    });
    const { addr: { port }, publicKey: serverKey } = listener;
    finder.add("the server's public key", serverKey);
    const where = { hostname: "127.0.0.1", port, serverKey, protocol };
    const [session, far] = await Promise.all([connect(host, where), listener.accept()]);
    const [mux, farMux] = [session.multiplex(), far.multiplex()];
    const [conn, farConn] = await Promise.all([mux.openConn("info"), farMux.acceptConn()]);
    await conn.write(new Uint8Array(1_000));
    const pending = listener.accept().catch((error: unknown) => error);
    const parts = { listener, session, far, mux, farMux, conn, farConn };
    const figures = () => ({
      stats: listener.stats(),
      sessionStats: session.stats(),
      muxStats: farMux.stats(),
    });
    assertSilent(finder, { ...parts, ...figures() });
    const otherKey = publicKeyOf(secret(3));
    finder.add("another server's key", otherKey);
    const attempt = { ...where, serverKey: otherKey, timeout: 300 };
    const unanswered = await connect(host, attempt).catch((error: unknown) => error);
    assert.ok(unanswered instanceof SosistabError);
    farConn.reset();
    const reset = await readAll(conn).catch((error: unknown) => error);
    assert.ok(reset instanceof SosistabError);
    await mux.close();
    const closed = await mux.openConn().catch((error: unknown) => error);
    await listener.close();
    const ended = await pending;
    assert.ok(ended instanceof SosistabError);
    const closures = { near: await session.closed, far: await far.closed };
    assertSilent(finder, { unanswered, reset, closed, ended, closures, ...parts, ...figures() });
    // Two ends, two ephemeral pairs each, their agreements, and the keys of either direction.
    assert.ok(finder.size >= 12, `${finder.size} secrets were looked for`);
  });
}

test("keys are in no line of a log of packets", async () => {
  const finder = new SecretFinder();
  const lines: string[] = [];
  const host = tracePackets(finder.watch(await currentHost()), (line) => void lines.push(line));
  const secretKey = secret(9);
  finder.add("the server's secret key", secretKey);
  const listener = await listen(host, { hostname: "127.0.0.1", secretKey, freshKey: true });
  const { addr, publicKey: serverKey } = listener;
  finder.add("the server's public key", serverKey);
  const session = await connect(host, { ...addr, serverKey });
  const far = await listener.accept();
  session.send(new Uint8Array(100));
  await far.receive();
  await session.close();
  await listener.close();
  assert.ok(lines.length > 4);
  assert.deepEqual(finder.find(lines.join()), []);
});

test("keys are in nothing that can be printed of the machines, nor of their ciphers", () => {
  const finder = new SecretFinder();
  const random = new Random(seededSource(4));
  const x25519 = portableX25519(seededSource(5));
  const own = generateOwnKeys(x25519);
  const [secretKey, shared] = [secret(6), secret(7)];
  const keys = deriveSessionKeys(shared);
  const publicKey = publicKeyOf(secretKey);
  for (
    const [name, bytes] of Object.entries({
      secretKey,
      shared,
      upload: keys.upload,
      download: keys.download,
      proofKey: keyedHash(asciiKey("sosistab-ts-session-proof"), shared),
      long: own.long.secretKey,
      ephemeral: own.ephemeral.secretKey,
    })
  ) finder.add(name, bytes);
  const session = new SessionMachine({ role: "client", secret: shared, random });
  session.encode(new Uint8Array(100), new Uint8Array(2048), 0);
  const options = { serverKey: publicKey, x25519, random };
  const initiator = new Initiator({ ...options, keys: own, giveUpAt: 1_000 }, 0);
  initiator.pollTransmit(new Uint8Array(2048), 0, 0);
  const responder = new Responder({ secretKey, x25519, random, isFresh: freshHellos() });
  const tokens = new TokenKeeper(random);
  tokens.issue(shared, "127.0.0.1", 0);
  const searchKeys = new SearchKeys();
  const drawn = searchKeys.begin(x25519, 0);
  finder.add("a search's key", drawn.ephemeral.secretKey);
  const [routes, route] = [new Routes(), new Route("aa")];
  routes.add(route);
  routes.name(route, session.identity);
  assertSilent(finder, {
    session,
    initiator,
    responder,
    tokens,
    searchKeys,
    routes,
    route,
    random,
    nonces: new NonceSequence(shared, random),
    sessionCipher: new SessionCipher(shared),
    helloCipher: new HelloCipher(shared),
    streamCipher: new StreamCipher(shared),
    clientRecords: new ClientRecordMachine({ ...options, name: new Uint8Array(16) }, 0),
    serverRecords: new ServerRecordMachine({
      keyPair: { secretKey, publicKey },
      helloCiphers: new HelloCiphers(publicKey),
      x25519,
      random,
      isFresh: freshHellos(),
    }),
  });
});

test("keys are in no message about a caller's mistake", async () => {
  const finder = new SecretFinder();
  const key = secret(8);
  finder.add("key", key);
  const host = await currentHost();
  const errors: unknown[] = [];
  for (const wrong of [key.subarray(1), [...key], String(key)]) {
    const options = { hostname: "127.0.0.1", port: 1, secretKey: wrong, serverKey: wrong };
    // Callers without types can pass anything.
    errors.push(await listen(host, options as never).catch((error: unknown) => error));
    errors.push(await connect(host, options as never).catch((error: unknown) => error));
  }
  const url = `sosistab://${[...key].map((byte) => byte.toString(16)).join("")}@host:1`;
  try {
    parseUrl(url);
  } catch (error) {
    errors.push(error);
  }
  assert.equal(errors.length, 7);
  for (const error of errors) {
    assert.ok(error instanceof Error);
    assertSilent(finder, { message: error.message, error });
  }
});
