import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { portableX25519 } from "../../src/crypto/keys.ts";
import { StreamCipher } from "../../src/crypto/stream_cipher.ts";
import type { KeyPair, X25519 } from "../../src/host.ts";
import { Random } from "../../src/random.ts";
import { ClientRecordMachine } from "../../src/records/client_machine.ts";
import {
  answerCipher,
  helloCipher,
  LENGTH_BOX,
  OPENING_NONCES,
  openLengthBox,
  sealOpening,
} from "../../src/records/opening.ts";
import { beginsPrintable } from "../../src/records/printable_nonce.ts";
import { looksLikeTls } from "../../src/records/tls_sniff.ts";
import { decodeHandshakeFrame, encodeHandshakeFrame } from "../../src/wire/hello.ts";
import { Writer } from "../../src/wire/writer.ts";
import {
  cut,
  EPOCH_SECONDS,
  framed,
  give,
  MINUTE,
  NAME,
  polled,
  RecordEnds,
} from "../support/record_ends.ts";
import { seededSource } from "../support/seeded_random.ts";
import { parseHex, vectors } from "../support/vectors.ts";

/** What is in the second box of a hello. */
function helloPlaintext(serverKey: Uint8Array, hello: Uint8Array): Uint8Array {
  const cipher = helloCipher(serverKey, MINUTE);
  assert.equal(openLengthBox(cipher, hello.slice(0, LENGTH_BOX)), hello.length - LENGTH_BOX);
  const plaintext = cipher.open(hello.slice(LENGTH_BOX));
  assert.ok(plaintext);
  return plaintext;
}

/** An answer under the keys of the cookie, which everybody has who knows the server's key. */
function answered(serverKey: Uint8Array, plaintext: Uint8Array, minute = MINUTE): Uint8Array {
  const nonces = new Uint8Array(OPENING_NONCES).fill(3);
  return sealOpening(answerCipher(serverKey, minute), plaintext, nonces);
}

function serverHello(long: Uint8Array, ephemeral: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(76);
  encodeHandshakeFrame({
    kind: "serverHello",
    longPublicKey: long,
    ephemeralPublicKey: ephemeral,
    resumeToken: new Uint8Array(0),
  }, new Writer(bytes));
  return bytes;
}

test("hello is one message of 76 bytes, then 0 to 1,023 zeros, under the key of the minute", () => {
  const ends = new RecordEnds();
  const lengths = new Set<number>();
  for (let i = 0; i < 60; i++) {
    const plaintext = helloPlaintext(ends.keyPair.publicKey, ends.client().hello);
    const frame = decodeHandshakeFrame(plaintext);
    assert.equal(frame?.kind, "clientHello");
    assert.equal(frame?.kind === "clientHello" && frame.version, 3);
    assert.ok(plaintext.subarray(76).every((byte) => byte === 0));
    lengths.add(plaintext.length - 76);
  }
  assert.ok(Math.min(...lengths) < 200 && Math.max(...lengths) > 800 && lengths.size > 40);
  assert.ok([...lengths].every((length) => length >= 0 && length <= 1023));
});

test("hello begins with six printable letters, which no firewall takes for noise", () => {
  const ends = new RecordEnds();
  for (let i = 0; i < 30; i++) assert.ok(beginsPrintable(ends.client().hello));
});

test("hello is drawn anew while a server would take it for TLS", () => {
  const ends = new RecordEnds();
  const { publicKey } = ends.keyPair;
  const cipher = helloCipher(publicKey, MINUTE);
  // Found by trying all before it.
  const nonces = new Uint8Array(OPENING_NONCES);
  new DataView(nonces.buffer).setUint32(0, 84_450);
  assert.equal(looksLikeTls(sealOpening(cipher, new Uint8Array(76), nonces)), true);
  let draws = 0;
  // The pool of a client: no padding and these nonces, and then others.
  const random = new Random((into) => {
    seededSource(7 + draws)(into);
    if (draws++ > 0) return;
    into.fill(0, 0, 4);
    into.set(nonces, 4);
  });
  const { x25519 } = ends;
  const client = new ClientRecordMachine(
    { serverKey: publicKey, name: NAME, x25519, random },
    EPOCH_SECONDS,
  );
  assert.equal(looksLikeTls(client.hello), false);
  assert.notDeepEqual(client.hello.subarray(LENGTH_BOX - 12, LENGTH_BOX), nonces.subarray(0, 12));
  assert.equal(helloPlaintext(publicKey, client.hello).length >= 76, true);
});

test("the answer opens it, in pieces of any size, with the datagrams that follow", () => {
  const ends = new RecordEnds();
  const sizes = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(sizes, (sizes) => {
      const [client, server] = [ends.client(), ends.server()];
      give(server, client.hello);
      const answer = server.pollAnswer();
      assert.ok(answer);
      for (const piece of cut(answer, sizes)) {
        assert.equal(client.phase, "opening");
        client.handleBytes(piece);
      }
      assert.equal(client.phase, "open");
      give(server, client.seal(framed([Uint8Array.of(1)])));
      assert.deepEqual(polled(server), [Uint8Array.of(1)]);
      const down = server.seal(framed([Uint8Array.of(2), new Uint8Array(2046).fill(3)]));
      const datagrams = cut(down, sizes).flatMap((piece) => {
        client.handleBytes(piece);
        return polled(client);
      });
      assert.deepEqual(datagrams, [Uint8Array.of(2), new Uint8Array(2046).fill(3)]);
    }),
    { numRuns: 50 },
  );
});

test("seal() throws before the answer has come", () => {
  const client = new RecordEnds().client();
  assert.throws(() => client.seal(new Uint8Array(0)), new Error("the connection is not open"));
});

test("seal() puts the name before the first frames, and never again", () => {
  const ends = new RecordEnds();
  const [client, server] = [ends.client(), ends.server()];
  give(server, client.hello);
  client.handleBytes(server.pollAnswer() ?? new Uint8Array(0));
  assert.equal(client.isNamed, false);
  assert.equal(client.seal(framed([Uint8Array.of(1)])).length, 16 + 3);
  assert.equal(client.isNamed, true);
  assert.equal(client.seal(framed([Uint8Array.of(1)])).length, 3);
});

test("an answer with another key than the configured one shows a stranger", () => {
  const ends = new RecordEnds();
  const { publicKey } = ends.keyPair;
  const other = ends.x25519.generate();
  const client = ends.client();
  // Whoever knows the server's key can seal this.
  client.handleBytes(answered(publicKey, serverHello(other.publicKey, other.publicKey)));
  assert.equal(client.phase, "stranger");
  const honest = ends.client();
  honest.handleBytes(answered(publicKey, serverHello(publicKey, other.publicKey)));
  assert.equal(honest.phase, "open");
});

test("the original's answers open under their keys, and are refused where they name another", () => {
  for (const { serverPublicKey, epochMinute, replyBytes } of vectors.tcpOpening) {
    const { x25519, random } = new RecordEnds();
    const serverKey = parseHex(serverPublicKey);
    const options = { serverKey, name: NAME, x25519, random };
    const client = new ClientRecordMachine(options, epochMinute * 60 + 59);
    // The last byte decides, so all before it was right.
    const reply = parseHex(replyBytes);
    client.handleBytes(reply.slice(0, -1));
    assert.equal(client.phase, "opening");
    client.handleBytes(reply.slice(-1));
    assert.equal(client.phase, "stranger");
  }
});

test("the keys of both directions are the original's", () => {
  for (const vector of vectors.tripleDh) {
    const pair = (secretKey: string, publicKey: string): KeyPair => ({
      secretKey: parseHex(secretKey),
      publicKey: parseHex(publicKey),
    });
    const own = [
      pair(vector.clientLongSecret, vector.clientLongPublic),
      pair(vector.clientEphemeralSecret, vector.clientEphemeralPublic),
    ];
    const portable = portableX25519(seededSource(1));
    const x25519: X25519 = { ...portable, generate: () => own.shift() ?? portable.generate() };
    const serverKey = parseHex(vector.serverLongPublic);
    const random = new Random(seededSource(2));
    const client = new ClientRecordMachine(
      { serverKey, name: NAME, x25519, random },
      EPOCH_SECONDS,
    );
    const ephemeral = parseHex(vector.serverEphemeralPublic);
    client.handleBytes(answered(serverKey, serverHello(serverKey, ephemeral)));
    const up = new Uint8Array([...NAME, ...framed([Uint8Array.of(4, 5)])]);
    new StreamCipher(parseHex(vector.tcpUpKey)).apply(up);
    assert.deepEqual(client.seal(framed([Uint8Array.of(4, 5)])), up);
    const down = framed([Uint8Array.of(6)]);
    new StreamCipher(parseHex(vector.tcpDownKey)).apply(down);
    client.handleBytes(down);
    assert.deepEqual(polled(client), [Uint8Array.of(6)]);
  }
});

test("a point of low order, another minute, another frame or damage show a stranger", () => {
  const ends = new RecordEnds();
  const { publicKey } = ends.keyPair;
  const good = serverHello(publicKey, ends.x25519.generate().publicKey);
  const lowOrder = serverHello(publicKey, Uint8Array.of(1, ...new Uint8Array(31)));
  const hello = good.slice();
  hello[0] = 0;
  const bad = [
    answered(publicKey, lowOrder),
    answered(publicKey, good, MINUTE + 1),
    answered(publicKey, hello),
    answered(publicKey, good.subarray(0, 75)),
    answered(ends.x25519.generate().publicKey, good),
  ];
  for (const bytes of bad) {
    const client = ends.client();
    client.handleBytes(bytes);
    assert.equal(client.phase, "stranger");
    client.handleBytes(answered(publicKey, good));
    assert.equal(client.phase, "stranger");
    assert.equal(client.pollDatagram(), undefined);
  }
});

test("any damage of the answer shows a stranger, or nothing yet", () => {
  const ends = new RecordEnds();
  const { publicKey } = ends.keyPair;
  const answer = answered(publicKey, serverHello(publicKey, publicKey));
  for (let at = 0; at < answer.length; at++) {
    const client = ends.client();
    client.handleBytes(answer.map((byte, i) => i === at ? byte ^ 0x40 : byte));
    assert.equal(client.phase, "stranger", `byte ${at}`);
  }
});

test("handleBytes() survives any bytes in any phase", () => {
  const ends = new RecordEnds();
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), fc.boolean(), (pieces, isOpen) => {
      const client = isOpen ? ends.open().client : ends.client();
      for (const piece of pieces) {
        client.handleBytes(piece);
        polled(client);
      }
    }),
    { numRuns: 300 },
  );
});

test("a frame that is too long breaks it", () => {
  const { client, server } = new RecordEnds().open();
  client.handleBytes(server.seal(Uint8Array.of(0, 1, 7, 0xff, 0xff, 1, 2)));
  assert.deepEqual(polled(client), [Uint8Array.of(7)]);
  assert.equal(client.phase, "broken");
  client.handleBytes(server.seal(framed([Uint8Array.of(1)])));
  assert.deepEqual(polled(client), []);
});

test("the secret keys are wiped once it is open", () => {
  const ends = new RecordEnds();
  const before = ends.x25519.generated.length;
  ends.open();
  const drawn = ends.x25519.generated.slice(before);
  assert.equal(drawn.length, 3);
  for (const { secretKey } of drawn) assert.deepEqual(secretKey, new Uint8Array(32));
});

test("the name must be 16 bytes", () => {
  const { x25519, random, keyPair: { publicKey: serverKey } } = new RecordEnds();
  assert.throws(
    () => new ClientRecordMachine({ serverKey, name: new Uint8Array(15), x25519, random }, 0),
    new RangeError("name must be 16 bytes, got 15"),
  );
});
