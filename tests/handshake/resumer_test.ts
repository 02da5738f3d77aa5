import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Resumer } from "../../src/handshake/resumer.ts";
import { ServerClock } from "../../src/handshake/server_clock.ts";
import { Random } from "../../src/random.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { seededSource } from "../support/seeded_random.ts";

const SERVER_KEY = new Uint8Array(32).fill(7);
const TOKEN = Uint8Array.from({ length: 65 }, (_, i) => i);
const RTT = 40;
/** Without deviation an answer may be 20 ms late. */
const tripOf = (smoothed: number, variance = 0) => ({ smoothed, variance });

/** A resumer, and the driver that asks it around each packet. */
class Resuming {
  readonly resumer: Resumer;
  readonly times: number[] = [];
  readonly memory = new Uint8Array(2048);

  constructor(seed = 1) {
    const random = new Random(seededSource(seed));
    const options = { serverKey: SERVER_KEY, resumeToken: TOKEN, shardId: 3, random };
    this.resumer = new Resumer(options, 0);
  }

  poll(now: number): boolean {
    const length = this.resumer.pollTransmit(this.memory, now, 60_000);
    if (length > 0) this.times.push(now);
    return length > 0;
  }

  /** A packet is about to be sent; returns whether a resume goes first. */
  send(now: number, trip = tripOf(RTT), isQuestion = false): boolean {
    this.resumer.onSent(trip, isQuestion, now);
    return this.poll(now);
  }

  /** A packet has come. */
  hear(now: number): boolean {
    this.resumer.onHeard(now);
    return this.poll(now);
  }

  /** The same as at a time when all is well. */
  static settled(now = 10_000): Resuming {
    const resuming = new Resuming();
    resuming.poll(0);
    resuming.send(now);
    resuming.hear(now);
    resuming.times.length = 0;
    return resuming;
  }
}

test("a resume is sent at the start, once", () => {
  const resuming = new Resuming();
  assert.equal(resuming.poll(0), true);
  assert.equal(resuming.poll(0), false);
  assert.equal(resuming.poll(100_000), false);
});

test("a resume tells the token and the shard, under the minute of the moment", () => {
  const { resumer, memory } = new Resuming();
  const forger = new HelloForger(SERVER_KEY, seededSource(1));
  for (const [now, epochSeconds] of [[0, 119], [1_000, 120]] as const) {
    resumer.refresh();
    const length = resumer.pollTransmit(memory, now, epochSeconds);
    const minute = Math.floor(epochSeconds / 60);
    const frame = forger.frame("up", minute, memory.slice(0, length));
    assert.deepEqual({ ...frame }, { kind: "clientResume", resumeToken: TOKEN, shardId: 3 });
  }
});

test("a resume is of any length from what it needs to 1,200 bytes", () => {
  const { resumer, memory } = new Resuming();
  const lengths = Array.from({ length: 500 }, (_, now) => {
    resumer.refresh();
    return resumer.pollTransmit(memory, now, 60_000);
  });
  assert.ok(Math.min(...lengths) >= 102 && Math.min(...lengths) < 120);
  assert.ok(Math.max(...lengths) <= 1_200 && Math.max(...lengths) > 1_180);
});

test("until anything was heard each packet may need one: the first may have been lost", () => {
  const resuming = new Resuming();
  resuming.poll(0);
  assert.equal(resuming.send(1), false);
  assert.equal(resuming.send(300), true);
});

test("a resume is sent when nothing has been heard for two round trips of sending", () => {
  for (const [rtt, doubt] of [[40, 250], [125, 250], [500, 1_000]] as const) {
    const resuming = Resuming.settled();
    for (let now = 10_000; now < 10_000 + doubt; now += 10) {
      assert.equal(resuming.send(now, tripOf(rtt)), false, `${now}`);
    }
    assert.equal(resuming.send(10_000 + doubt, tripOf(rtt)), true);
  }
});

test("after a question the clock alone tells that the answer is late", () => {
  for (const [rtt, variance, late] of [[40, 0, 60], [40, 10, 80], [500, 100, 900]] as const) {
    const resuming = Resuming.settled();
    assert.equal(resuming.resumer.deadline, Infinity);
    resuming.send(20_000, tripOf(rtt, variance));
    assert.equal(resuming.resumer.deadline, Infinity, "nobody has to answer that");
    resuming.send(20_005, tripOf(rtt, variance), true);
    const doubt = 20_005 + late;
    assert.equal(resuming.resumer.deadline, doubt);
    assert.equal(resuming.poll(doubt - 1), false);
    assert.equal(resuming.poll(doubt), true);
    const wait = resuming.resumer.deadline - doubt;
    assert.ok(wait >= 225 && wait <= 275, `${wait}`);
    resuming.hear(doubt + 1);
    assert.equal(resuming.resumer.deadline, Infinity);
  }
});

test("no resume is sent while the other side is heard", () => {
  const resuming = Resuming.settled();
  for (let now = 10_000; now < 100_000; now += 20) {
    resuming.send(now);
    if (now % 200 === 0) resuming.hear(now + 1);
  }
  assert.deepEqual(resuming.times, []);
});

test("silence without sending is no doubt: an idle client sends no resume", () => {
  const resuming = Resuming.settled();
  assert.equal(resuming.poll(500_000), false);
  // The first packet after it is a question, not a doubt.
  assert.equal(resuming.send(500_000), false);
});

test("while the silence lasts the next ones wait 0.25, 0.5, 1 and then 2 seconds", () => {
  const waits: number[][] = [];
  for (let seed = 1; seed <= 30; seed++) {
    const resuming = new Resuming(seed);
    for (let now = 0; now < 30_000; now++) resuming.send(now);
    const { times } = resuming;
    times.slice(1).forEach((at, i) => (waits[i] ??= []).push(at - times[i]!));
  }
  const nominal = [250, 500, 1_000, 2_000, 2_000, 2_000, 2_000];
  for (const [i, expected] of nominal.entries()) {
    const drawn = waits[i]!;
    assert.ok(Math.min(...drawn) >= 0.9 * expected, `wait ${i}: ${Math.min(...drawn)}`);
    assert.ok(Math.max(...drawn) <= 1.1 * expected + 1, `wait ${i}: ${Math.max(...drawn)}`);
    assert.ok(Math.max(...drawn) - Math.min(...drawn) > 0.1 * expected, `wait ${i} has no jitter`);
  }
});

test("after a question the waits grow to 8 seconds: the server is looked for by other means", () => {
  const resuming = new Resuming();
  for (let now = 0; now < 60_000; now++) resuming.send(now, tripOf(RTT), true);
  const { times } = resuming;
  const waits = times.slice(1).map((at, i) => at - times[i]!);
  for (const [i, expected] of [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000].entries()) {
    assert.ok(Math.abs(waits[i]! - expected) <= 0.1 * expected + 1, `wait ${i}: ${waits[i]}`);
  }
  resuming.hear(60_000);
  resuming.times.length = 0;
  for (let now = 60_000; now < 61_000; now++) resuming.send(now, tripOf(RTT), true);
  assert.equal(resuming.times.length, 3, "what is heard ends the back-off");
});

test("a resume of a client that was heard before is long enough for the answer to a new address", () => {
  const lengths: number[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const resuming = new Resuming(seed);
    const poll = () => resuming.resumer.pollTransmit(resuming.memory, 0, 60_000);
    lengths.push(poll());
    resuming.hear(0);
    resuming.resumer.refresh();
    const length = poll();
    assert.ok(length >= 600 && length <= 1_200, `${length}`);
  }
  assert.ok(Math.min(...lengths) < 200, "the first one may be short");
});

test("a thousand packets a second into a dead link bring at most 9 resumes in 10 s", () => {
  for (let seed = 1; seed <= 20; seed++) {
    for (const hasHeard of [false, true]) {
      const resuming = new Resuming(seed);
      resuming.poll(0);
      if (hasHeard) resuming.hear(0);
      resuming.times.length = 0;
      for (let now = 0; now < 10_000; now++) resuming.send(now);
      assert.ok(resuming.times.length >= 6 && resuming.times.length <= 9, `${resuming.times}`);
    }
  }
});

test("what is heard ends the back-off: a path that changes right after it is doubted in time", () => {
  const resuming = Resuming.settled();
  let last = 10_000;
  while (!resuming.send(last) || last < 30_000) last += 10;
  resuming.hear(last + 50);
  for (let now = last + 100; now < last + 1_000; now += 10) resuming.send(now);
  const [doubted, again] = resuming.times.slice(resuming.times.indexOf(last) + 1);
  assert.equal(doubted, last + 350);
  assert.ok(again !== undefined && again - doubted! <= 280, `${again}`);
});

test("refresh() asks for a resume at once, whatever was sent before", () => {
  const resuming = Resuming.settled();
  for (let now = 10_000; now < 40_000; now += 10) resuming.send(now);
  const last = resuming.times.at(-1)!;
  resuming.resumer.refresh();
  assert.equal(resuming.poll(last + 1), true);
  assert.equal(resuming.poll(last + 2), false);
});

test("a client that only listens sends one now and then", () => {
  const resuming = Resuming.settled(0);
  for (let now = 0; now <= 2_000_000; now += 1_000) resuming.hear(now);
  assert.deepEqual(resuming.times, Array.from({ length: 10 }, (_, i) => (i + 1) * 200_000));
});

test("a client that sends and hears sends no resume, however long it lasts", () => {
  const resuming = Resuming.settled(0);
  for (let now = 0; now <= 2_000_000; now += 1_000) {
    resuming.send(now);
    resuming.hear(now + 20);
  }
  assert.deepEqual(resuming.times, []);
});

test("there is never more than one in a wait of 225 ms, in any traffic, but for refresh()", () => {
  const step = fc.tuple(fc.constantFrom("send", "hear", "poll"), fc.integer({ min: 0, max: 400 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: "max" }), fc.integer(), (steps, seed) => {
      const resuming = new Resuming(seed);
      let now = 0;
      for (const [what, wait] of steps) {
        now += wait;
        if (what === "send") resuming.send(now);
        else if (what === "hear") resuming.hear(now);
        else resuming.poll(now);
      }
      resuming.times.slice(1).forEach((at, i) => assert.ok(at - resuming.times[i]! >= 225));
    }),
  );
});

/** The minute under whose key each of some resumes is sealed. */
function minutesOf(clock: ServerClock, times: readonly (readonly [number, number])[]): number[] {
  const random = new Random(seededSource(1));
  const options = { serverKey: SERVER_KEY, resumeToken: TOKEN, shardId: 3, random, clock };
  const resumer = new Resumer(options, 0);
  const forger = new HelloForger(SERVER_KEY, seededSource(1));
  const memory = new Uint8Array(2048);
  return times.map(([now, epochSeconds]) => {
    resumer.refresh();
    const packet = memory.slice(0, resumer.pollTransmit(memory, now, epochSeconds));
    for (let minute = 9_900; minute < 10_100; minute++) {
      if (forger.open("up", minute, packet) !== undefined) return minute;
    }
    throw new Error("no minute opens it");
  });
}

test("a resume is sealed under the minute of the server's clock", () => {
  const clock = new ServerClock(3_600, 600_000, 0);
  assert.deepEqual(minutesOf(clock, [[0, 600_000], [60_000, 600_060]]), [10_060, 10_061]);
});

test("when there is doubt about the server's clock each resume is sealed under another estimate", () => {
  const clock = new ServerClock(0, 600_000, 0);
  const times = [[60_000, 600_960], [60_500, 600_960], [61_000, 600_961]] as const;
  assert.deepEqual(minutesOf(clock, times), [10_016, 10_001, 10_016]);
});
