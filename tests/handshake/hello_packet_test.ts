import { test } from "node:test";
import assert from "node:assert/strict";
import { HELLO_OVERHEAD, HelloCipher } from "../../src/crypto/hello_cipher.ts";
import {
  LEAST_HELLO,
  MOST_HELLO,
  MOST_HELLO_SENT,
  sealHelloPacket,
} from "../../src/handshake/hello_packet.ts";
import { TOKEN_LENGTH } from "../../src/handshake/token_keeper.ts";
import { Random } from "../../src/random.ts";
import {
  decodeHandshakeFrame,
  encodeHandshakeFrame,
  type HandshakeFrame,
} from "../../src/wire/hello.ts";
import { Writer } from "../../src/wire/writer.ts";
import { seededSource } from "../support/seeded_random.ts";

const KEY = new Uint8Array(32).fill(5);
const HELLO: HandshakeFrame = {
  kind: "clientHello",
  longPublicKey: new Uint8Array(32).fill(1),
  ephemeralPublicKey: new Uint8Array(32).fill(2),
  version: 3,
};

/** What a frame needs on its own, sealed. */
function neededBy(frame: HandshakeFrame): number {
  const writer = new Writer(new Uint8Array(4096));
  encodeHandshakeFrame(frame, writer);
  return writer.length + HELLO_OVERHEAD;
}

function sealed(frame: HandshakeFrame, least: number, most: number, seed = 1): Uint8Array {
  const memory = new Uint8Array(MOST_HELLO).fill(0x55);
  const random = new Random(seededSource(seed));
  const length = sealHelloPacket(frame, new HelloCipher(KEY), random, memory, least, most);
  return memory.slice(0, length);
}

test("sealHelloPacket() writes the frame, then 0xff up to a length, then the seal", () => {
  const plaintext = new HelloCipher(KEY).open(sealed(HELLO, 0, 1200));
  assert.ok(plaintext !== undefined);
  assert.deepEqual({ ...decodeHandshakeFrame(plaintext) }, HELLO);
  const padding = plaintext.subarray(neededBy(HELLO) - HELLO_OVERHEAD);
  assert.ok(padding.length > 0 && padding.every((byte) => byte === 0xff));
});

test("sealHelloPacket() pads with what decodes as no further frame", () => {
  const plaintext = new HelloCipher(KEY).open(sealed(HELLO, 0, 1200));
  const padding = plaintext?.subarray(neededBy(HELLO) - HELLO_OVERHEAD);
  assert.equal(decodeHandshakeFrame(padding ?? KEY), undefined);
});

test("sealHelloPacket() draws the length between what the frame needs and the longest", () => {
  const needed = neededBy(HELLO);
  const seen = new Set<number>();
  for (let seed = 1; seed <= 500; seed++) seen.add(sealed(HELLO, 0, needed + 9, seed).length);
  assert.deepEqual([...seen].sort(), Array.from({ length: 10 }, (_, i) => needed + i).sort());
});

test("sealHelloPacket() makes no packet shorter than the shortest that is asked for", () => {
  const lengths = Array.from({ length: 300 }, (_, seed) => sealed(HELLO, 300, 303, seed).length);
  assert.equal(Math.min(...lengths), 300);
  assert.equal(Math.max(...lengths), 303);
});

test("sealHelloPacket() takes what the frame needs where the longest is shorter than that", () => {
  assert.equal(sealed(HELLO, 0, 50).length, neededBy(HELLO));
  assert.equal(sealed(HELLO, 0, neededBy(HELLO)).length, neededBy(HELLO));
});

test("sealHelloPacket() uses a fresh nonce for each packet", () => {
  const random = new Random(seededSource(1));
  const memory = new Uint8Array(MOST_HELLO);
  const nonces = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const length = sealHelloPacket(HELLO, new HelloCipher(KEY), random, memory, 0, 200);
    nonces.add(memory.slice(length - HELLO_OVERHEAD, length - 8).join());
  }
  assert.equal(nonces.size, 100);
});

test("LEAST_HELLO is room enough for an answer of ours", () => {
  const answer: HandshakeFrame = {
    kind: "serverHello",
    longPublicKey: KEY,
    ephemeralPublicKey: KEY,
    resumeToken: new Uint8Array(TOKEN_LENGTH),
  };
  assert.ok(neededBy(answer) <= LEAST_HELLO);
});

test("MOST_HELLO_SENT has room for a resume with the longest token that is taken", () => {
  const resume: HandshakeFrame = {
    kind: "clientResume",
    resumeToken: new Uint8Array(987),
    shardId: 255,
  };
  assert.ok(neededBy(resume) <= MOST_HELLO_SENT);
});
