import { test } from "node:test";
import assert from "node:assert/strict";
import { formatHex } from "../../src/bytes.ts";
import { portableX25519, publicKeyOf } from "../../src/crypto/keys.ts";
import {
  Asking,
  EPOCH_SECONDS,
  GIVE_UP_AT,
  MINUTE,
  SECRET_KEY,
  TOKEN,
} from "../support/asking_client.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { LOW_ORDER_POINTS } from "../support/low_order_points.ts";
import { seededSource } from "../support/seeded_random.ts";

test("L5: hellos leave at 0, 0.25 and 0.5 s and then every 390 ms, give or take a tenth", () => {
  const intervals: number[][] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const asking = new Asking(seed);
    asking.runUntil(5_000);
    assert.equal(asking.sent[0]!.at, 0);
    asking.sent.slice(1).forEach(({ at }, i) =>
      (intervals[i] ??= []).push(at - asking.sent[i]!.at)
    );
  }
  assert.ok(intervals.length >= 10);
  for (const [i, drawn] of intervals.entries()) {
    const nominal = i < 2 ? 250 : 390;
    for (const interval of drawn) {
      assert.ok(Math.abs(interval - nominal) <= 0.1 * nominal, `interval ${i}: ${interval}`);
    }
    const spread = Math.max(...drawn) - Math.min(...drawn);
    if (drawn.length === 40) assert.ok(spread > 0.1 * nominal, `interval ${i}: ${spread}`);
  }
});

test("each hello is a fresh packet with the same keys", () => {
  const asking = new Asking();
  asking.runUntil(5_000);
  const first = asking.hello(0);
  assert.equal(first.version, 3);
  asking.sent.forEach((_, i) => assert.deepEqual({ ...asking.hello(i) }, { ...first }));
  assert.equal(asking.initiator.hellos, asking.sent.length + asking.walked.length);
  const nonces = asking.sent.map(({ packet }) => formatHex(packet.subarray(-24)));
  assert.equal(new Set(nonces).size, asking.sent.length);
  assert.ok(new Set(asking.sent.map(({ packet }) => packet.length)).size > asking.sent.length / 2);
});

test("a hello is of the lengths that a server of ours answers, and that fit every path", () => {
  const lengths: number[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const asking = new Asking(seed);
    asking.runUntil(29_000);
    lengths.push(...asking.sent.map(({ packet }) => packet.length));
  }
  assert.ok(Math.min(...lengths) >= 180 && Math.min(...lengths) < 230);
  assert.ok(Math.max(...lengths) <= 1200 && Math.max(...lengths) > 1150);
});

test("a hello is sealed under the minute of the moment at which it leaves", () => {
  const { initiator, forger } = new Asking();
  const memory = new Uint8Array(2048);
  for (const [now, epochSeconds] of [[0, 59.999], [1_000, 60], [2_000, 120]] as const) {
    const length = initiator.pollTransmit(memory, now, epochSeconds);
    const minute = Math.floor(epochSeconds / 60);
    const frame = forger.frame("up", minute, memory.subarray(0, length));
    assert.equal(frame?.kind, "clientHello");
  }
});

test("pollTransmit() returns 0 before its time, and calling late sends no burst", () => {
  const { initiator } = new Asking();
  const memory = new Uint8Array(2048);
  assert.ok(initiator.pollTransmit(memory, 0, EPOCH_SECONDS) > 0);
  assert.equal(initiator.pollTransmit(memory, 200, EPOCH_SECONDS), 0);
  assert.ok(initiator.pollTransmit(memory, 9_000, EPOCH_SECONDS) > 0);
  const other = initiator.pollTransmit(memory, 9_000, EPOCH_SECONDS);
  assert.ok(other > 0 && other <= 300, "one for another clock");
  assert.equal(initiator.pollTransmit(memory, 9_000, EPOCH_SECONDS), 0);
  assert.ok(initiator.deadline >= 9_040);
});

test("after half a minute they leave every 1.7 s", () => {
  const asking = new Asking(1, { giveUpAt: Infinity });
  asking.runUntil(120_000);
  const late = asking.sent.filter(({ at }) => at >= 30_000);
  assert.ok(late.length >= 48 && late.length <= 58, `${late.length}`);
  for (const [i, { at }] of late.slice(1).entries()) {
    const interval = at - late[i]!.at;
    assert.ok(interval >= 1_530 && interval <= 1_870, `${interval}`);
  }
});

test("a true answer ends it, with the secret that the server has and its token", () => {
  const asking = new Asking(1, { x25519: portableX25519(seededSource(5)) });
  asking.runUntil(0);
  const { packet, secret } = asking.answer();
  asking.takes(packet, secret);
});

test("an answer to any of the hellos is good however late it comes", () => {
  for (const late of [0, 1_000, 29_900]) {
    const asking = new Asking();
    asking.runUntil(late);
    const { packet, secret } = asking.answer(0);
    asking.takes(packet, secret);
  }
});

test("the token is a copy: what becomes of the packet does not matter", () => {
  const asking = new Asking();
  asking.runUntil(0);
  const { packet } = asking.answer();
  asking.initiator.handleDatagram(packet, EPOCH_SECONDS);
  packet.fill(0);
  const event = asking.initiator.pollEvent();
  assert.deepEqual(event?.kind === "established" && event.resumeToken, TOKEN);
});

test("it gives up at its time-out, once, and takes no answer and sends no hello after that", () => {
  const asking = new Asking();
  asking.runUntil(GIVE_UP_AT - 1);
  assert.equal(asking.initiator.pollEvent(), undefined);
  assert.ok(asking.initiator.deadline <= GIVE_UP_AT);
  asking.runUntil(GIVE_UP_AT);
  assert.deepEqual(asking.initiator.pollEvent(), { kind: "failed" });
  assert.equal(asking.initiator.pollEvent(), undefined);
  assert.equal(asking.initiator.deadline, Infinity);
  const memory = new Uint8Array(2048);
  assert.equal(asking.initiator.pollTransmit(memory, 99_000, EPOCH_SECONDS), 0);
  asking.ignores(asking.answer().packet, "an answer after the end");
});

test("after an answer it asks no more, has no time-out, and takes others, each once", () => {
  const taken: string[] = [];
  const isFirst = (secret: Uint8Array) => {
    const name = String(secret);
    return !taken.includes(name) && taken.push(name) > 0;
  };
  const asking = new Asking(1, { isFirst });
  asking.runUntil(0);
  const { packet, secret } = asking.answer();
  asking.takes(packet, secret);
  asking.initiator.handleTimeout(GIVE_UP_AT + 1);
  assert.equal(asking.initiator.pollEvent(), undefined);
  asking.ignores(packet, "the same answer");
  const another = asking.answer();
  asking.takes(another.packet, another.secret);
  asking.ignores(another.packet, "the same other answer");
});

test("H6: of answers at most 32 are taken for each hello", () => {
  const asking = new Asking();
  asking.runUntil(300);
  assert.equal(asking.sent.length, 2);
  for (let i = 0; i < 64; i++) {
    const { packet, secret } = asking.answer();
    asking.takes(packet, secret);
  }
  asking.ignores(asking.answer().packet, "one more");
});

test("answers of clocks that differ by two minutes are taken, by three are ignored", () => {
  for (let offset = -4; offset <= 4; offset++) {
    const asking = new Asking();
    asking.runUntil(0);
    const { frame, secret } = asking.answer();
    const packet = asking.forger.packet("down", MINUTE + offset, frame);
    if (Math.abs(offset) <= 2) asking.takes(packet, secret);
    else asking.ignores(packet, `${offset} minutes`);
  }
});

test("answers under another server's keys are ignored", () => {
  const asking = new Asking();
  asking.runUntil(0);
  const other = publicKeyOf(SECRET_KEY.map((byte) => byte + 1), asking.x25519);
  const { frame } = asking.answer();
  const forger = new HelloForger(other, seededSource(3));
  asking.ignores(forger.packet("down", MINUTE, frame), "sealed under another key");
  asking.ignores(asking.answer(0, { longPublicKey: other }).packet, "shows another key");
  const almost = asking.serverKey.slice();
  almost[31]! ^= 0x80;
  asking.ignores(asking.answer(0, { longPublicKey: almost }).packet, "shows almost the key");
});

test("low-order points are ignored", () => {
  const asking = new Asking(1, { x25519: portableX25519(seededSource(5)) });
  asking.runUntil(0);
  for (const ephemeralPublicKey of LOW_ORDER_POINTS) {
    asking.ignores(asking.answer(0, { ephemeralPublicKey }).packet, formatHex(ephemeralPublicKey));
  }
  const { packet, secret } = asking.answer();
  asking.takes(packet, secret);
});

test("every truncation of an answer, and every flipped byte, is ignored", () => {
  const asking = new Asking();
  asking.runUntil(0);
  const { packet, secret } = asking.answer();
  for (let length = 0; length < packet.length; length++) {
    asking.ignores(packet.subarray(0, length), `${length} bytes`);
    asking.ignores(packet.map((byte, i) => i === length ? byte ^ 0x10 : byte), `byte ${length}`);
  }
  asking.ignores(new Uint8Array([...packet, 0]), "a byte too many");
  asking.takes(packet, secret);
});

test("every truncation of the frame in an answer is ignored", () => {
  const asking = new Asking();
  asking.runUntil(0);
  const plaintext = asking.forger.open("down", MINUTE, asking.answer().packet)!;
  for (let length = 0; length < 76 + TOKEN.length; length++) {
    const packet = asking.forger.seal("down", MINUTE, plaintext.subarray(0, length));
    asking.ignores(packet, `${length} bytes`);
  }
});

test("garbage of every length is ignored", () => {
  const asking = new Asking();
  asking.runUntil(0);
  const random = seededSource(8);
  for (let length = 0; length <= 2_100; length += length < 200 ? 1 : 50) {
    const packet = new Uint8Array(length);
    random(packet);
    asking.ignores(packet, `${length} bytes`);
  }
});

test("its own packets sent back, and frames that are no answer, are ignored", () => {
  const asking = new Asking();
  asking.runUntil(1_000);
  asking.ignores(asking.sent[0]!.packet, "its own hello");
  asking.ignores(asking.forger.packet("down", MINUTE, asking.hello()), "a hello under the key");
  const resume = { kind: "clientResume", resumeToken: TOKEN, shardId: 0 } as const;
  asking.ignores(asking.forger.packet("down", MINUTE, resume), "a resume");
  asking.ignores(asking.forger.packet("up", MINUTE, asking.answer().frame), "the wrong direction");
});

test("a token of up to 987 bytes is taken, a longer one is ignored", () => {
  for (const [length, isTaken] of [[0, true], [987, true], [988, false], [1_800, false]] as const) {
    const asking = new Asking();
    asking.runUntil(0);
    const { frame } = asking.answer(0, { resumeToken: new Uint8Array(length) });
    asking.initiator.handleDatagram(asking.forger.packet("down", MINUTE, frame), EPOCH_SECONDS);
    const event = asking.initiator.pollEvent();
    assert.equal(event?.kind === "established" && event.resumeToken.length === length, isTaken);
  }
});

test("an answer of up to 2,048 bytes is taken, a longer one is ignored", () => {
  const asking = new Asking();
  asking.runUntil(0);
  const { frame, secret } = asking.answer();
  asking.ignores(asking.forger.packet("down", MINUTE, frame, { length: 2_049 }), "2,049 bytes");
  asking.takes(asking.forger.packet("down", MINUTE, frame, { length: 2_048 }), secret);
});

test("each initiator draws keys of its own: a client has no identity", () => {
  const keys = [1, 2].map((seed) => {
    const asking = new Asking(seed);
    asking.runUntil(0);
    return asking.hello();
  });
  assert.notDeepEqual(keys[0]!.longPublicKey, keys[1]!.longPublicKey);
  assert.notDeepEqual(keys[0]!.ephemeralPublicKey, keys[1]!.ephemeralPublicKey);
  assert.notDeepEqual(keys[0]!.longPublicKey, keys[0]!.ephemeralPublicKey);
});
