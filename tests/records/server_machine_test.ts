import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import { HelloCiphers } from "../../src/records/hello_ciphers.ts";
import {
  answerCipher,
  helloCipher,
  LENGTH_BOX,
  OPENING_NONCES,
  openLengthBox,
  sealOpening,
} from "../../src/records/opening.ts";
import type { ServerRecordMachine } from "../../src/records/server_machine.ts";
import {
  type ClientHello,
  decodeHandshakeFrame,
  encodeHandshakeFrame,
} from "../../src/wire/hello.ts";
import { Writer } from "../../src/wire/writer.ts";
import { freshHellos } from "../support/fresh_hellos.ts";
import { cut, framed, give, MINUTE, NAME, polled, RecordEnds } from "../support/record_ends.ts";
import { parseHex, vectors } from "../support/vectors.ts";

/** A hello with any of its parts changed. */
function forged(ends: RecordEnds, change: Partial<ClientHello> = {}, padding = 0): Uint8Array {
  const message = new Uint8Array(76 + padding);
  encodeHandshakeFrame({
    kind: "clientHello",
    longPublicKey: ends.x25519.generate().publicKey,
    ephemeralPublicKey: ends.x25519.generate().publicKey,
    version: 3,
    ...change,
  }, new Writer(message));
  return sealed(ends, message);
}

function sealed(ends: RecordEnds, message: Uint8Array, minute = MINUTE): Uint8Array {
  const nonces = new Uint8Array(OPENING_NONCES);
  ends.random.fill(nonces);
  return sealOpening(helloCipher(ends.keyPair.publicKey, minute), message, nonces);
}

/** Wants no byte out of a machine, whatever else comes. */
function assertDrains(server: ServerRecordMachine, reason: string): void {
  assert.equal(server.phase, "draining");
  assert.equal(server.drainReason, reason);
  assert.equal(server.pollAnswer(), undefined);
  const before = server.drainedBytes;
  give(server, new Uint8Array(1000));
  assert.equal(server.drainedBytes, before + 1000);
  assert.equal(server.pollAnswer(), undefined);
  assert.equal(server.pollDatagram(), undefined);
  assert.equal(server.name, undefined);
  assert.throws(() => server.seal(new Uint8Array(0)), new Error("the connection is not open"));
}

test("a hello is answered in one message, and the name and the datagrams come out", () => {
  const ends = new RecordEnds();
  const sizes = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 5 });
  const datagrams = fc.array(fc.uint8Array({ minLength: 1, maxLength: 500 }), { maxLength: 8 });
  fc.assert(
    fc.property(sizes, datagrams, (sizes, datagrams) => {
      const [client, server] = [ends.client(), ends.server()];
      for (const piece of cut(client.hello, sizes)) {
        assert.equal(server.phase, "silent");
        assert.equal(server.pollAnswer(), undefined);
        give(server, piece);
      }
      assert.equal(server.phase, "answered");
      const answer = server.pollAnswer();
      assert.ok(answer);
      assert.equal(server.pollAnswer(), undefined);
      client.handleBytes(answer);
      const came = cut(client.seal(framed(datagrams)), sizes).flatMap((piece) => {
        give(server, piece);
        return polled(server);
      });
      assert.equal(server.phase, "open");
      assert.equal(server.name, formatHex(NAME));
      assert.deepEqual(came, datagrams);
    }),
    { numRuns: 50 },
  );
});

test("the original's hellos are opened in any of five minutes, and answered under their own", () => {
  for (const vector of vectors.tcpOpening) {
    const { serverPublicKey, epochMinute, helloBytes, helloPlaintext } = vector;
    for (let offset = -3; offset <= 3; offset++) {
      const ends = new RecordEnds();
      const publicKey = parseHex(serverPublicKey);
      const server = ends.server({
        keyPair: { ...ends.keyPair, publicKey },
        helloCiphers: new HelloCiphers(publicKey),
      });
      server.handleBytes(parseHex(helloBytes), 5, (epochMinute + offset) * 60);
      if (Math.abs(offset) === 3) {
        assertDrains(server, "stranger");
        continue;
      }
      const ephemeral = parseHex(helloPlaintext).slice(36, 68);
      const epochSeconds = (epochMinute + offset) * 60;
      assert.deepEqual(ends.seen, [{ id: ephemeral, minute: epochMinute, now: 5, epochSeconds }]);
      const answer = server.pollAnswer();
      assert.ok(answer);
      const cipher = answerCipher(publicKey, epochMinute);
      assert.equal(openLengthBox(cipher, answer.slice(0, LENGTH_BOX)), answer.length - LENGTH_BOX);
      const plaintext = cipher.open(answer.slice(LENGTH_BOX));
      const frame = plaintext && decodeHandshakeFrame(plaintext);
      assert.equal(frame?.kind, "serverHello");
      assert.deepEqual(frame?.longPublicKey, publicKey);
    }
  }
});

test("answers are padded by 0 to 1,023 bytes", () => {
  const ends = new RecordEnds();
  const lengths = Array.from({ length: 40 }, () => {
    const server = ends.server();
    give(server, ends.client().hello);
    return (server.pollAnswer()?.length ?? 0) - LENGTH_BOX - 28 - 76;
  });
  assert.ok(lengths.every((length) => length >= 0 && length <= 1023));
  assert.ok(new Set(lengths).size > 30);
});

test("a hello of up to 4,096 bytes is answered, also byte by byte, and a longer one is not", () => {
  const ends = new RecordEnds();
  const most = 4_096 - 28 - 76;
  for (const piece of [1, 70_000]) {
    for (const [padding, phase] of [[most, "answered"], [most + 1, "draining"]] as const) {
      const server = ends.server();
      for (const bytes of cut(forged(ends, {}, padding), [piece])) give(server, bytes);
      assert.equal(server.phase, phase);
    }
  }
});

test("whatever does not open drains, and no byte is ever sent: noise of any length", () => {
  const ends = new RecordEnds();
  const pieces = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 10 });
  fc.assert(
    fc.property(pieces, (pieces) => {
      const server = ends.server();
      let length = 0;
      for (const piece of pieces) {
        give(server, piece);
        length += piece.length;
        assert.equal(server.phase, length < LENGTH_BOX ? "silent" : "draining");
        assert.equal(server.pollAnswer(), undefined);
      }
      if (length >= LENGTH_BOX) assertDrains(server, "stranger");
    }),
  );
});

test("whatever does not open drains: a hello with any bit turned over", () => {
  const ends = new RecordEnds();
  const { hello } = ends.client();
  fc.assert(
    fc.property(fc.nat(hello.length - 1), fc.nat(7), (at, bit) => {
      const server = ends.server();
      give(server, hello.map((byte, i) => i === at ? byte ^ 1 << bit : byte));
      assertDrains(server, "stranger");
    }),
    { numRuns: 300 },
  );
  assert.equal(ends.seen.length, 0);
});

test("whatever does not open drains: a hello for another server, or of another version", () => {
  const ends = new RecordEnds();
  const other = new RecordEnds(2);
  const frame = new Uint8Array(76);
  frame[0] = 1;
  const hellos = [
    other.client().hello,
    forged(ends, { version: 2 }),
    forged(ends, { version: 4 }),
    sealed(ends, new Uint8Array(76), MINUTE + 3),
    // Truncated, and of another kind.
    sealed(ends, new Uint8Array(75)),
    sealed(ends, new Uint8Array(0)),
    sealed(ends, frame),
  ];
  for (const [n, hello] of hellos.entries()) {
    const server = ends.server();
    give(server, hello);
    assert.equal(server.phase, "draining", `hello ${n}`);
    assertDrains(server, "stranger");
  }
});

test("whatever does not open drains: a point of low order", () => {
  const ends = new RecordEnds();
  for (const point of [0, 1]) {
    const key = Uint8Array.of(point, ...new Uint8Array(31));
    for (const change of [{ longPublicKey: key }, { ephemeralPublicKey: key }]) {
      const server = ends.server();
      give(server, forged(ends, change));
      assertDrains(server, "stranger");
    }
  }
});

test("a hello that is truncated gets no byte, however long one waits", () => {
  const ends = new RecordEnds();
  const hello = forged(ends);
  for (let length = 0; length < hello.length; length++) {
    const server = ends.server();
    give(server, hello.subarray(0, length), 10 ** 9);
    assert.equal(server.phase, "silent");
    assert.equal(server.pollAnswer(), undefined);
  }
});

test("a hello that was seen is a replay, and drains", () => {
  const ends = new RecordEnds();
  const options = { isFresh: freshHellos() };
  const [first, second, third] = [1, 2, 3].map(() => ends.server(options));
  const { hello } = ends.client();
  assert.ok(first && second && third);
  give(first, hello);
  assert.ok(first.pollAnswer());
  give(second, hello, 1_000);
  assertDrains(second, "replay");
  // Another hello is none.
  give(third, ends.client().hello, 1_000);
  assert.ok(third.pollAnswer());
});

test("a frame longer than 4,096 bytes drains, and nothing is sent afterwards", () => {
  const { client, server } = new RecordEnds().open();
  give(server, client.seal(Uint8Array.of(0, 1, 7, 0x10, 0x01, 5)));
  assert.deepEqual(polled(server), [Uint8Array.of(7)]);
  assertDrains(server, "broken");
});

test("frames of length 0 are ignored, and frames of 4,096 bytes are not", () => {
  const { client, server } = new RecordEnds().open();
  give(server, client.seal(Uint8Array.of(0, 0, 0, 0, 0x10, 0, ...new Uint8Array(4096))));
  assert.deepEqual(polled(server), [new Uint8Array(4096)]);
});

test("handleBytes() survives any bytes in any phase", () => {
  const ends = new RecordEnds();
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), fc.nat(2), (pieces, phase) => {
      const server = phase === 2 ? ends.open().server : ends.server();
      if (phase === 1) give(server, ends.client().hello);
      for (const piece of pieces) {
        give(server, piece);
        server.pollAnswer();
        polled(server);
      }
    }),
    { numRuns: 300 },
  );
});

test("the secret keys that were drawn are wiped", () => {
  const ends = new RecordEnds();
  const server = ends.server();
  give(server, ends.client().hello);
  assert.deepEqual(ends.x25519.generated.at(-1)?.secretKey, new Uint8Array(32));
});
