import { test } from "node:test";
import assert from "node:assert/strict";
import { formatHex } from "../../src/bytes.ts";
import { portableX25519, tripleDiffieHellman } from "../../src/crypto/keys.ts";
import { TOKEN_AGE, TOKEN_LENGTH } from "../../src/handshake/token_keeper.ts";
import { Random } from "../../src/random.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { LOW_ORDER_POINTS } from "../support/low_order_points.ts";
import { seededSource } from "../support/seeded_random.ts";
import {
  Answering,
  EPOCH_SECONDS,
  HOST,
  MINUTE,
  responderOf,
  resumeOf,
} from "../support/answering_responder.ts";

test("a hello is answered at once, with the server's key, a fresh one and a token", () => {
  const answering = new Answering();
  const first = answering.answer(answering.say(answering.hello));
  const second = answering.answer(answering.say(answering.hello));
  assert.deepEqual(first.longPublicKey, answering.responder.publicKey);
  assert.equal(first.resumeToken.length, TOKEN_LENGTH);
  assert.notDeepEqual(first.ephemeralPublicKey, second.ephemeralPublicKey);
  assert.notDeepEqual(first.resumeToken, second.resumeToken);
});

test("all that the answer leads to stands in the token: a resume brings the client's secret back", () => {
  const answering = new Answering();
  const { token, secret } = answering.shakeHands();
  const outcome = answering.say(resumeOf(token, 17));
  assert.ok(outcome.kind === "resume");
  assert.equal(outcome.resume.shardId, 17);
  assert.ok(secret !== undefined);
  assert.deepEqual(answering.responder.openToken(outcome.resume, 0)?.secret, secret);
});

test("the handshake is that of X25519 where the host has no other", () => {
  const x25519 = portableX25519(seededSource(3));
  const random = new Random(seededSource(4));
  const responder = responderOf(x25519, random);
  const keys = { long: x25519.generate(), ephemeral: x25519.generate() };
  const forger = new HelloForger(responder.publicKey, seededSource(5));
  const packet = forger.packet("up", MINUTE, {
    kind: "clientHello",
    longPublicKey: keys.long.publicKey,
    ephemeralPublicKey: keys.ephemeral.publicKey,
    version: 3,
  }, { length: 300 });
  const memory = new Uint8Array(2048);
  const outcome = responder.handleDatagram(packet, HOST, memory, 0, EPOCH_SECONDS);
  assert.ok(outcome.kind === "answer");
  const answer = forger.frame("down", MINUTE, memory.slice(0, outcome.length));
  assert.ok(answer?.kind === "serverHello");
  const token = forger.packet("up", MINUTE, resumeOf(answer.resumeToken));
  const resumed = responder.handleDatagram(token, HOST, memory, 0, EPOCH_SECONDS);
  assert.ok(resumed.kind === "resume");
  const secret = tripleDiffieHellman(x25519, keys, answer);
  assert.ok(secret !== undefined);
  assert.deepEqual(responder.openToken(resumed.resume, 0)?.secret, secret);
});

test("no answer is longer than what it answers, for every length of a request", () => {
  const answering = new Answering();
  const lengths = new Set<number>();
  for (let length = 180; length <= 2_048; length++) {
    const outcome = answering.say(answering.hello, { length });
    assert.ok(outcome.kind === "answer" && outcome.length <= length, `${length} bytes`);
    lengths.add(outcome.length);
  }
  assert.ok(lengths.size > 500, "answers are of any length");
});

test("a hello of fewer than 180 bytes is not answered", () => {
  const answering = new Answering();
  for (let length = 100; length < 180; length++) {
    assert.equal(answering.say(answering.hello, { length }).kind, "ignored", `${length} bytes`);
  }
  assert.equal(answering.say(answering.hello, { length: 180 }).kind, "answer");
});

test("a datagram of fewer than 100 or more than 2,048 bytes is ignored", () => {
  const answering = new Answering();
  const { token } = answering.shakeHands();
  const short = { ...resumeOf(token.subarray(0, 62)) };
  assert.equal(answering.say(short, {}).kind, "ignored");
  assert.equal(answering.say(resumeOf(token.subarray(0, 63)), {}).kind, "resume");
  assert.equal(answering.say(resumeOf(token), { length: 2_048 }).kind, "resume");
  assert.equal(answering.say(resumeOf(token), { length: 2_049 }).kind, "ignored");
  assert.equal(answering.say(answering.hello, { length: 2_049 }).kind, "ignored");
});

test("a hello that is replayed is not answered", () => {
  const answering = new Answering();
  const packet = answering.forger.packet("up", MINUTE, answering.hello, { length: 300 });
  assert.equal(answering.handle(packet).kind, "answer");
  for (const now of [0, 1, 1_000, 60_000, 119_999]) {
    assert.equal(answering.handle(packet, now, EPOCH_SECONDS + now / 1000).kind, "replayed");
  }
});

test("a hello is never answered twice, however long one waits with its replay", () => {
  for (let offset = -2; offset <= 2; offset++) {
    const answering = new Answering();
    const packet = answering.forger.packet("up", MINUTE + offset, answering.hello, { length: 300 });
    assert.equal(answering.handle(packet).kind, "answer");
    for (let now = 0; now < 900_000; now += 5_000) {
      const outcome = answering.handle(packet, now, EPOCH_SECONDS + now / 1000);
      assert.notEqual(outcome.kind, "answer", `${offset} minutes, ${now} ms`);
    }
  }
});

test("a hello with the same keys in another packet is answered: the first answer may be lost", () => {
  const answering = new Answering();
  for (let i = 0; i < 5; i++) assert.equal(answering.say(answering.hello).kind, "answer");
});

test("hellos of clocks that differ by two minutes are answered, by three are not", () => {
  for (let offset = -4; offset <= 4; offset++) {
    const answering = new Answering();
    const packet = answering.forger.packet("up", MINUTE + offset, answering.hello, { length: 300 });
    const expected = Math.abs(offset) <= 2 ? "answer" : "ignored";
    assert.equal(answering.handle(packet).kind, expected, `${offset} minutes`);
  }
});

test("the answer is sealed under the server's own minute", () => {
  const answering = new Answering();
  const packet = answering.forger.packet("up", MINUTE - 2, answering.hello, { length: 300 });
  answering.answer(answering.handle(packet));
});

test("a hello of another version is ignored", () => {
  const answering = new Answering();
  for (const version of [0, 1, 2, 4, 2 ** 32 + 3, Number.MAX_SAFE_INTEGER]) {
    assert.equal(answering.say({ ...answering.hello, version }).kind, "ignored", `${version}`);
  }
});

test("the first frame counts: zeros behind it, which decode as further hellos, change nothing", () => {
  const answering = new Answering();
  for (const length of [200, 1_000, 2_048]) {
    assert.equal(answering.say(answering.hello, { length, padding: 0 }).kind, "answer");
  }
  const { token } = answering.shakeHands();
  assert.equal(answering.say(resumeOf(token), { length: 1_000, padding: 0 }).kind, "resume");
});

test("low-order points are ignored, as either key", () => {
  const x25519 = portableX25519(seededSource(3));
  const random = new Random(seededSource(4));
  const responder = responderOf(x25519, random);
  const forger = new HelloForger(responder.publicKey, seededSource(5));
  const { publicKey } = x25519.generate();
  for (const point of LOW_ORDER_POINTS) {
    for (const [longPublicKey, ephemeralPublicKey] of [[point, publicKey], [publicKey, point]]) {
      const packet = forger.packet("up", MINUTE, {
        kind: "clientHello",
        longPublicKey: longPublicKey!,
        ephemeralPublicKey: ephemeralPublicKey!,
        version: 3,
      }, { length: 300 });
      const outcome = responder.handleDatagram(
        packet,
        HOST,
        new Uint8Array(2048),
        0,
        EPOCH_SECONDS,
      );
      assert.equal(outcome.kind, "ignored", formatHex(point));
    }
  }
});

test("it keeps nothing of a hello: the secret key that was drawn for it is wiped", () => {
  const answering = new Answering();
  const before = answering.x25519.generated.length;
  answering.say(answering.hello);
  const drawn = answering.x25519.generated.slice(before);
  assert.equal(drawn.length, 1);
  assert.deepEqual(drawn[0]!.secretKey, new Uint8Array(32));
  answering.say({ ...answering.hello, ephemeralPublicKey: new Uint8Array(32) });
  assert.deepEqual(answering.x25519.generated.at(-1)!.secretKey, new Uint8Array(32));
});

test("a resume names the session: the same for each resume of one token, and for no other", () => {
  const answering = new Answering();
  const nameOf = (token: Uint8Array, shardId: number) => {
    const outcome = answering.say(resumeOf(token, shardId));
    return outcome.kind === "resume" ? outcome.resume.tokenId : undefined;
  };
  const tokens = Array.from({ length: 50 }, () => answering.shakeHands().token);
  const names = new Set(tokens.map((token, i) => nameOf(token, i)));
  assert.equal(names.size, 50);
  assert.equal(names.has(undefined), false);
  assert.equal(nameOf(tokens[7]!, 200), nameOf(tokens[7]!, 3));
});

test("a resume tells which of the client's sockets speaks, 0 to 255", () => {
  const answering = new Answering();
  const { token } = answering.shakeHands();
  for (let shardId = 0; shardId < 256; shardId++) {
    const outcome = answering.say(resumeOf(token, shardId));
    assert.equal(outcome.kind === "resume" && outcome.resume.shardId, shardId);
  }
});

test("a resume may be repeated: it is idempotent, and never counts as a replay", () => {
  const answering = new Answering();
  const { token } = answering.shakeHands();
  const packet = answering.forger.packet("up", MINUTE, resumeOf(token), { length: 200 });
  for (let i = 0; i < 10; i++) assert.equal(answering.handle(packet).kind, "resume");
});

test("openToken() opens no session for a token that is too old, or none of ours", () => {
  const answering = new Answering();
  const other = new Answering(2);
  const { token } = answering.shakeHands();
  const opens = (candidate: Uint8Array, now = 0) => {
    const outcome = answering.say(resumeOf(candidate));
    assert.ok(outcome.kind === "resume");
    return answering.responder.openToken(outcome.resume, now) !== undefined;
  };
  assert.equal(opens(token), true);
  assert.equal(opens(other.shakeHands().token), false);
  assert.equal(opens(token.map((byte, i) => i === 20 ? byte ^ 1 : byte)), false);
  for (const length of [0, 1, 23, 24, 25, 64]) {
    assert.equal(opens(token.subarray(0, length)), false);
  }
  for (const length of [66, 80, 987, 1_900]) assert.equal(opens(new Uint8Array(length)), false);
  assert.equal(opens(token, TOKEN_AGE), true);
  assert.equal(opens(token, TOKEN_AGE + 1), false);
});

test("a token that has grown too old still names the session that it opened", () => {
  const answering = new Answering();
  const { token } = answering.shakeHands();
  const young = answering.say(resumeOf(token));
  const minute = MINUTE + 60;
  const packet = answering.forger.packet("up", minute, resumeOf(token), { length: 200 });
  const old = answering.handle(packet, 3_600_000, minute * 60);
  assert.ok(young.kind === "resume" && old.kind === "resume");
  assert.equal(old.resume.tokenId, young.resume.tokenId);
});

test("everything else is ignored: garbage, answers, unknown frames, the keys of another server", () => {
  const answering = new Answering();
  const random = seededSource(9);
  for (let length = 0; length <= 2_100; length += length < 300 ? 1 : 50) {
    const packet = new Uint8Array(length);
    random(packet);
    assert.equal(answering.handle(packet).kind, "ignored", `${length} bytes`);
  }
  const answer = answering.answer(answering.say(answering.hello));
  assert.equal(answering.say(answer).kind, "ignored");
  const reflected = answering.forger.packet("down", MINUTE, answer, { length: 300 });
  assert.equal(answering.handle(reflected).kind, "ignored");
  const unknown = new Uint8Array(300).fill(0xff);
  assert.equal(answering.handle(answering.forger.seal("up", MINUTE, unknown)).kind, "ignored");
  const stranger = new HelloForger(new Uint8Array(32).fill(9), seededSource(1));
  const hello = stranger.packet("up", MINUTE, answering.hello, { length: 300 });
  assert.equal(answering.handle(hello).kind, "ignored");
});

test("every flipped byte and every truncation of a hello is ignored", () => {
  const answering = new Answering();
  const packet = answering.forger.packet("up", MINUTE, answering.hello, { length: 190 });
  for (let at = 0; at < packet.length; at++) {
    const flipped = packet.map((byte, i) => i === at ? byte ^ 0x40 : byte);
    assert.equal(answering.handle(flipped).kind, "ignored", `byte ${at}`);
    assert.equal(answering.handle(packet.subarray(0, at)).kind, "ignored", `${at} bytes`);
  }
  assert.equal(answering.handle(packet).kind, "answer");
});
