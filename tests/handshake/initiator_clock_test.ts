import { test } from "node:test";
import assert from "node:assert/strict";
import { ServerClock } from "../../src/handshake/server_clock.ts";
import { Asking, EPOCH_SECONDS, GIVE_UP_AT, MINUTE } from "../support/asking_client.ts";

test("small hellos for other clocks begin after 2 s, 70 at the most, and are over after 8 s", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const asking = new Asking(seed);
    asking.runUntil(GIVE_UP_AT - 1);
    const { walked } = asking;
    assert.equal(walked.length, 70);
    assert.ok(walked[0]!.at >= 2_000 && walked[0]!.at < 2_010, `${walked[0]!.at}`);
    assert.ok(walked.at(-1)!.at < 8_500, `${walked.at(-1)!.at}`);
    const lengths = walked.map(({ packet }) => packet.length);
    assert.ok(Math.min(...lengths) >= 180 && Math.max(...lengths) <= 300);
    assert.ok(new Set(lengths).size > 35);
    const last = asking.forger.frame("up", MINUTE + 540, walked[68]!.packet);
    assert.deepEqual({ ...last }, { ...asking.hello() }, "the same keys");
  }
});

test("hellos for other clocks delay no ordinary one", () => {
  const asking = new Asking();
  asking.runUntil(GIVE_UP_AT - 1);
  for (const [i, { at }] of asking.sent.slice(1).entries()) {
    assert.ok(at - asking.sent[i]!.at <= 550, `${at}`);
  }
});

test("isForOtherClock tells which of the hellos they are", () => {
  const { initiator, forger } = new Asking();
  const memory = new Uint8Array(2048);
  const seen = new Set<boolean>();
  while (initiator.deadline < 5_000) {
    const length = initiator.pollTransmit(memory, initiator.deadline, EPOCH_SECONDS);
    const isOwn = forger.open("up", MINUTE, memory.subarray(0, length)) !== undefined;
    assert.equal(initiator.isForOtherClock, !isOwn);
    seen.add(isOwn);
  }
  assert.equal(seen.size, 2);
});

test("an answer from another clock is taken, up to an hour, or whole hours up to 14, away", () => {
  const minutes = Array.from({ length: 121 }, (_, i) => i - 60);
  for (let hours = 1; hours <= 14; hours++) {
    for (const off of [-2, -1, 0, 1, 2]) minutes.push(60 * hours + off, -60 * hours - off);
  }
  for (const skew of minutes) {
    const asking = new Asking();
    asking.runUntil(7_000);
    const { frame, secret } = asking.answer();
    asking.initiator.handleDatagram(
      asking.forger.packet("down", MINUTE + skew, frame, { length: 200 }),
      EPOCH_SECONDS,
    );
    const event = asking.initiator.pollEvent();
    assert.ok(event?.kind === "established", `${skew} minutes`);
    assert.deepEqual(event.secret, secret);
    assert.equal(event.clockOffset, skew * 60);
  }
});

test("clockOffset is right to within half a minute, and 0 when both clocks show the same minute", () => {
  for (const second of [0, 15, 59.5]) {
    for (const skew of [0, 1, -2, 2, 17, -60, 840]) {
      const asking = new Asking();
      asking.runUntil(7_000);
      const packet = asking.forger.packet("down", MINUTE + skew, asking.answer().frame);
      asking.initiator.handleDatagram(packet, MINUTE * 60 + second);
      const event = asking.initiator.pollEvent();
      assert.ok(event?.kind === "established");
      // The server's clock shows some second of that minute.
      const expected = skew === 0 ? 0 : skew * 60 + 30 - second;
      assert.equal(event.clockOffset, expected);
    }
  }
});

test("an answer from another clock is ignored before a hello for it has gone", () => {
  const asking = new Asking();
  asking.runUntil(1_990);
  const { frame, secret } = asking.answer();
  const packet = asking.forger.packet("down", MINUTE + 60, frame, { length: 200 });
  asking.ignores(packet, "before the walk");
  asking.runUntil(2_000);
  asking.ignores(packet, "after its first step");
  asking.runUntil(6_500);
  asking.takes(packet, secret);
});

test("an answer from another clock may be as long as the original's", () => {
  for (const [length, isTaken] of [[1_033, true], [1_200, true], [1_201, false]] as const) {
    const asking = new Asking();
    asking.runUntil(7_000);
    const { frame, secret } = asking.answer();
    const packet = asking.forger.packet("down", MINUTE + 60, frame, { length });
    if (isTaken) asking.takes(packet, secret);
    else asking.ignores(packet, "longer than any answer");
  }
});

test("noise costs a search only as often as hellos for other clocks leave, and 8 times at once", () => {
  const isHeardAfter = (floods: number, until: number) => {
    const asking = new Asking();
    asking.runUntil(7_000);
    for (let i = 0; i < floods; i++) asking.ignores(new Uint8Array(300).fill(i), `noise ${i}`);
    asking.runUntil(until);
    const { frame } = asking.answer();
    const packet = asking.forger.packet("down", MINUTE + 60, frame, { length: 200 });
    asking.initiator.handleDatagram(packet, EPOCH_SECONDS);
    return asking.initiator.pollEvent() !== undefined;
  };
  assert.equal(isHeardAfter(7, 7_000), true);
  assert.equal(isHeardAfter(8, 7_000), false);
  assert.equal(isHeardAfter(500, 7_000), false);
  assert.equal(isHeardAfter(500, 7_200), true);
});

test("noise takes nothing from the ordinary answer", () => {
  const asking = new Asking();
  asking.runUntil(7_000);
  for (let i = 0; i < 500; i++) asking.ignores(new Uint8Array(300).fill(i), `noise ${i}`);
  const { packet, secret } = asking.answer();
  asking.takes(packet, secret);
});

test("where the server's clock is known hellos follow it from the first on", () => {
  const asking = new Asking(1, { clock: new ServerClock(17 * 60, EPOCH_SECONDS, 0) });
  asking.runUntil(1_000);
  assert.equal(asking.sent.length, 0);
  const [first] = asking.walked;
  assert.equal(asking.forger.frame("up", MINUTE + 17, first!.packet)?.kind, "clientHello");
  const other = new Asking();
  other.runUntil(0);
  const { frame } = other.answer();
  asking.initiator.handleDatagram(
    asking.forger.packet("down", MINUTE + 18, frame),
    EPOCH_SECONDS,
  );
  const event = asking.initiator.pollEvent();
  assert.ok(event?.kind === "established");
  assert.equal(event.clockOffset, 18 * 60);
});

test("where the estimates of the server's clock differ hellos follow each in turn", () => {
  const asking = new Asking(1, { clock: new ServerClock(0, EPOCH_SECONDS - 3_600, 0) });
  asking.runUntil(2_000);
  const packets = [...asking.sent, ...asking.walked].sort((a, b) => a.at - b.at);
  assert.ok(packets.length >= 4);
  for (const [i, { packet }] of packets.entries()) {
    const minute = MINUTE - (i % 2 === 0 ? 0 : 60);
    assert.equal(asking.forger.frame("up", minute, packet)?.kind, "clientHello");
  }
});

test("an answer is good under either estimate, and by the minute in which its hello left", () => {
  for (const minute of [-2, 0, 2, 58, 60, 62]) {
    const clock = new ServerClock(0, EPOCH_SECONDS + 3_600, 0);
    const asking = new Asking(1, { clock });
    asking.runUntil(700);
    const other = new Asking();
    other.runUntil(0);
    const { frame } = other.answer();
    const packet = asking.forger.packet("down", MINUTE + minute, frame);
    // Our own clock was set meanwhile.
    asking.initiator.handleDatagram(packet, EPOCH_SECONDS - 7_200);
    assert.ok(asking.initiator.pollEvent() !== undefined, `${minute}`);
  }
});

test("where the server's clock is known others are tried after half a minute, around it", () => {
  const clock = new ServerClock(1_000 * 60, EPOCH_SECONDS, 0);
  const asking = new Asking(1, { clock, giveUpAt: Infinity });
  asking.runUntil(37_000);
  const isAt = (minute: number, packet: Uint8Array) =>
    asking.forger.open("up", minute, packet) !== undefined;
  const others = asking.walked.filter(({ packet }) => !isAt(MINUTE + 1_000, packet));
  assert.equal(others.length, 70);
  assert.ok(others[0]!.at >= 30_000);
  assert.ok(isAt(MINUTE + 1_005, others[0]!.packet));
});
