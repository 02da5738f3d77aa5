import { test } from "node:test";
import assert from "node:assert/strict";
import { NativeX25519 } from "../../src/adapters/x25519.ts";
import { SESSION_OVERHEAD, SessionCipher } from "../../src/crypto/aead.ts";
import { HelloCipher } from "../../src/crypto/hello_cipher.ts";
import { generateOwnKeys, Initiator } from "../../src/handshake/initiator.ts";
import { Responder } from "../../src/handshake/responder.ts";
import { TokenKeeper } from "../../src/handshake/token_keeper.ts";
import { portableX25519, publicKeyOf } from "../../src/crypto/keys.ts";
import { Random } from "../../src/random.ts";
import { SessionKeys } from "../../src/session/session_keys.ts";
import { createClientSession } from "../../src/net/client_session.ts";
import { SearchKeys, type ServerFound } from "../../src/net/server_search.ts";
import { freshHellos } from "../support/fresh_hellos.ts";
import { KeptKeys, overwritten } from "../support/kept_keys.ts";
import { seededSource } from "../support/seeded_random.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** What the wall clocks show, seconds. */
const EPOCH = 1_700_000_000;

for (const protocol of ["udp", "tcp"] as const) {
  test(`keys for one handshake are overwritten at the server at once, and at the client a minute later or at the end, over ${protocol}`, async () => {
    const pair = new VirtualPair();
    const [near, far] = [new KeptKeys(), new KeptKeys()];
    near.watch(pair.clientHost);
    far.watch(pair.serverHost);
    const { listener, client, server } = await pair.sessions({ tcp: true }, { protocol });
    assert.ok(far.drawn.length > 0);
    assert.equal(overwritten(far.drawn), far.drawn.length, "the server's ephemeral keys");
    for (const { shared, packetKeys } of [near, far]) {
      assert.ok(shared.length >= 3);
      assert.equal(overwritten(shared), shared.length, "what the keys have agreed on");
      assert.equal(overwritten(packetKeys), packetKeys.length, "what ciphers have copied");
    }
    const [mux, farMux] = [client.multiplex(), server.multiplex()];
    const conn = await pair.run(mux.openConn());
    await pair.pass(1_000);
    // Late answers to the same hello are still understood.
    assert.equal(overwritten(near.drawn), near.drawn.length - 2);
    await pair.pass(61_000);
    await pair.run(conn.write(new Uint8Array(1)));
    await pair.pass(100);
    assert.equal(overwritten(near.drawn), near.drawn.length, "the client's keys");
    await pair.run(farMux.close());
    await pair.run(mux.close());
    await pair.run(listener.close());
  });
}

test("a client that ends soon, or never was answered, leaves none of its keys behind", async () => {
  const pair = new VirtualPair();
  const kept = new KeptKeys();
  kept.watch(pair.clientHost);
  const { listener, client } = await pair.sessions();
  await pair.run(client.close());
  await pair.pass(5_000);
  assert.equal(kept.drawn.length, 2);
  assert.equal(overwritten(kept.drawn), 2);
  await pair.run(listener.close());
  await assert.rejects(pair.connect(listener, { timeout: 1_000 }));
  assert.equal(kept.drawn.length, 4);
  assert.equal(overwritten(kept.drawn), 4);
});

test("SessionKeys: wiped, they open nothing, also not what is sealed under zeros, and seal nothing", () => {
  const secret = new Uint8Array(32).fill(1);
  const make = (role: "client" | "server") =>
    new SessionKeys({ role, secret, random: new Random(seededSource(1)) });
  const [client, server] = [make("client"), make("server")];
  const packet = new Uint8Array(100 + SESSION_OVERHEAD);
  assert.equal(client.seal(packet, 100), packet.length);
  const copy = packet.slice();
  assert.equal(server.open(packet)?.length, 100);
  server.wipe();
  assert.equal(server.open(copy), undefined);
  new SessionCipher(new Uint8Array(32)).seal(packet, 100, new Uint8Array(12));
  assert.equal(server.open(packet), undefined);
  assert.throws(() => server.seal(packet, 100), /nothing is sealed/);
  assert.equal(secret[0], 1, "what was borrowed is left alone");
});

test("createClientSession() overwrites the secret of the answer", () => {
  const pair = new VirtualPair();
  const secret = new Uint8Array(32).fill(1);
  const found = { secret, extension: undefined } as unknown as ServerFound;
  createClientSession(pair.clientHost, new Random(seededSource(1)), found);
  assert.equal(overwritten([secret]), 1);
});

test("SearchKeys take each answer once: its copy would begin a session with the keys of the former", () => {
  const x25519 = portableX25519(seededSource(1));
  const serverKey = publicKeyOf(new Uint8Array(32).fill(9));
  const responder = new Responder({
    secretKey: new Uint8Array(32).fill(9),
    x25519,
    random: new Random(seededSource(2)),
    isFresh: freshHellos(),
  });
  const keys = new SearchKeys();
  const memory = new Uint8Array(2048);
  const answers: Uint8Array[] = [];
  const search = (now: number) => {
    const initiator = new Initiator({
      serverKey,
      x25519,
      random: new Random(seededSource(now + 3)),
      giveUpAt: Infinity,
      keys: keys.begin(x25519, now),
      isFirst: (secret) => keys.take(secret),
    }, now);
    const length = initiator.pollTransmit(memory, now, EPOCH);
    const into = new Uint8Array(2048);
    const outcome = responder.handleDatagram(memory.slice(0, length), "a", into, now, EPOCH);
    assert.ok(outcome.kind === "answer");
    answers.push(into.slice(0, outcome.length));
    return initiator;
  };
  const first = search(0);
  first.handleDatagram(answers[0]!.slice(), EPOCH);
  assert.equal(first.pollEvent()?.kind, "established");
  keys.end(0);
  const second = search(1_000);
  second.handleDatagram(answers[0]!.slice(), EPOCH);
  assert.equal(second.pollEvent(), undefined);
  assert.equal(second.ignored, 1);
  second.handleDatagram(answers[1]!.slice(), EPOCH);
  assert.equal(second.pollEvent()?.kind, "established");
});

test("TokenKeeper overwrites the keys of a minute when its tokens are too old", () => {
  const drawn: Uint8Array[] = [];
  const random = new Random(seededSource(1));
  const fill = random.fill.bind(random);
  random.fill = (into) => {
    fill(into);
    drawn.push(into);
  };
  const tokens = new TokenKeeper(random);
  const token = tokens.issue(new Uint8Array(32).fill(1), "a", 0);
  assert.equal(
    overwritten(drawn.filter(({ length }) => length === 32)),
    1,
    "what they were made of",
  );
  const wiped = watchWipes();
  assert.ok(tokens.open(token, 1_000));
  assert.equal(wiped(), 0);
  assert.equal(tokens.open(token, 12 * 60_000), undefined);
  assert.equal(wiped(), 1);
});

/** Counts the ciphers that are wiped from now on, and sees to it that they open nothing any more. */
function watchWipes(): () => number {
  const { prototype } = HelloCipher;
  const { wipe } = prototype;
  let count = 0;
  prototype.wipe = function () {
    const packet = new Uint8Array(100);
    const length = this.seal(packet, 10, new Uint8Array(16));
    wipe.call(this);
    assert.equal(this.open(packet.subarray(0, length)), undefined);
    count++;
  };
  return () => count;
}

test("NativeX25519 keeps no copy of a secret key's bytes, and notices that the array holds another", () => {
  const x25519 = new NativeX25519();
  const [mine, theirs] = [generateOwnKeys(x25519).long, generateOwnKeys(x25519).long];
  const before = x25519.shared(mine.secretKey, theirs.publicKey);
  mine.secretKey.fill(0);
  const after = x25519.shared(mine.secretKey, theirs.publicKey);
  assert.notDeepEqual(after, before);
  const plain = portableX25519(seededSource(1));
  assert.deepEqual(after, plain.shared(new Uint8Array(32), theirs.publicKey));
});
