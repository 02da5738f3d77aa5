import { test } from "node:test";
import assert from "node:assert/strict";
import { MOST_PACKET_SENT, PathMtu, type Probe } from "../../src/session/path_mtu.ts";

const RTT = 40;

/** One direction of a session on a path that takes packets up to a length; reports cost nothing. */
class Bench {
  readonly mtu = new PathMtu();
  now = 0;
  takes = MOST_PACKET_SENT;
  probes: Probe[] = [];
  narrowed = 0;
  #frame = 0;
  #highest = -1;
  #total = 0;
  #events: { at: number; run: () => void }[] = [];

  constructor() {
    this.mtu.enable();
  }

  /** Sends a frame as long as packets may be, or of that length. */
  send(length = this.mtu.length): void {
    const frame = this.#frame++;
    this.mtu.onSent(frame, length, this.now);
    if (length > this.takes) return;
    this.#after(RTT, () => {
      this.#highest = Math.max(this.#highest, frame);
      this.mtu.onCounters(this.#highest, ++this.#total, this.now);
    });
  }

  /** Lets time pass in steps of a ms, and sends every so often. */
  pass(ms: number, interval = 5, length?: number): void {
    for (let i = 0; i < ms; i++) {
      this.now++;
      if (interval > 0 && this.now % interval === 0) this.send(length);
      const due = this.#events.filter(({ at }) => at <= this.now);
      this.#events = this.#events.filter(({ at }) => at > this.now);
      for (const { run } of due) run();
      if (this.mtu.handleTimeout(this.now)) this.narrowed++;
      for (let probe = this.mtu.takeProbe(this.now); probe; probe = this.mtu.takeProbe(this.now)) {
        this.#probe(probe);
      }
    }
  }

  /** Lets time pass until packets are of that length; returns how long it took. */
  passUntil(length: number, most = 40_000): number {
    const from = this.now;
    while (this.mtu.length !== length && this.now < from + most) this.pass(1);
    assert.equal(this.mtu.length, length);
    return this.now - from;
  }

  #probe(probe: Probe): void {
    this.probes.push(probe);
    if (probe.length <= this.takes) {
      this.#after(RTT, () => this.mtu.onAnswer(probe.id, this.now));
    }
  }

  #after(delay: number, run: () => void): void {
    this.#events.push({ at: this.now + delay, run });
  }
}

test("PathMtu: packets are as long as they may ever be from the start, and a path that takes them sees no probe", () => {
  const bench = new Bench();
  assert.equal(bench.mtu.length, 1_400);
  bench.pass(10_000);
  assert.equal(bench.mtu.length, 1_400);
  assert.deepEqual(bench.probes, []);
});

test("PathMtu: when the path takes less the longest length that it takes is found, within a second", (context) => {
  for (
    const [takes, length] of [[1_399, 1_352], [1_272, 1_232], [972, 952], [572, 548], [
      548,
      548,
    ]] as const
  ) {
    const bench = new Bench();
    bench.pass(1_000);
    bench.takes = takes;
    const taken = bench.passUntil(length);
    context.diagnostic(`${takes} bytes: ${taken} ms`);
    assert.ok(taken < 1_000, `${taken} ms`);
    bench.pass(1);
    assert.equal(bench.narrowed, 1, "it is told once");
  }
});

test("PathMtu: a flow of which only the acknowledged small packets pass is noticed too", () => {
  const bench = new Bench();
  bench.pass(1_000);
  bench.takes = 1_272;
  for (let i = 0; i < 3_000 && bench.mtu.length === 1_400; i += 20) {
    bench.send();
    bench.pass(20, 5, 100);
  }
  assert.equal(bench.mtu.length, 1_232);
});

test("PathMtu: probes go out with the longest first", () => {
  const bench = new Bench();
  bench.takes = 0;
  bench.pass(500);
  assert.deepEqual(bench.probes.slice(0, 5).map(({ length }) => length), [
    1400,
    1352,
    1232,
    952,
    548,
  ]);
  assert.equal(new Set(bench.probes.map(({ id }) => id)).size, bench.probes.length);
});

test("PathMtu: while nothing passes at all the length stays, and probes are repeated ever less often while something is sent", () => {
  const bench = new Bench();
  bench.pass(1_000);
  bench.takes = 0;
  bench.pass(10_000);
  assert.equal(bench.mtu.length, 1_400);
  assert.ok(
    bench.probes.length >= 5 * 8 && bench.probes.length <= 5 * 13,
    `${bench.probes.length}`,
  );
  const before = bench.probes.length;
  bench.pass(3_000, 0);
  const after = bench.probes.length;
  assert.ok(after <= before + 5);
  bench.pass(60_000, 0);
  assert.equal(bench.probes.length, after, "nobody waits for the answer");
  assert.equal(bench.mtu.deadline, Infinity);
  bench.takes = 1_400;
  bench.pass(2_000);
  assert.equal(bench.mtu.length, 1_400);
  assert.equal(bench.narrowed, 0, "an outage is no hole");
});

test("PathMtu: an answer to the present length, or a proof by the counters, makes it a false alarm", () => {
  for (const isAnswered of [true, false]) {
    const { mtu } = new Bench();
    let frame = 0;
    for (; frame < 20; frame++) mtu.onSent(frame, 1_400, 0);
    mtu.handleTimeout(1_000);
    const probes = Array.from({ length: 5 }, () => mtu.takeProbe(1_000));
    if (isAnswered) mtu.onAnswer(probes[0]!.id, 1_050);
    else {
      mtu.onSent(frame, 1_400, 1_001);
      mtu.onCounters(frame, frame + 1, 1_050);
    }
    mtu.onAnswer(probes[1]!.id, 1_051);
    assert.equal(mtu.handleTimeout(3_000), false);
    assert.equal(mtu.length, 1_400);
  }
});

test("PathMtu: an answer to a longer probe that was overtaken is waited for", () => {
  const { mtu } = new Bench();
  for (let frame = 0; frame < 20; frame++) mtu.onSent(frame, 1_400, 0);
  mtu.handleTimeout(1_000);
  const probes = Array.from({ length: 5 }, () => mtu.takeProbe(1_000));
  mtu.onAnswer(probes[3]!.id, 1_050);
  assert.equal(mtu.handleTimeout(1_060), false);
  assert.equal(mtu.length, 1_400);
  mtu.onAnswer(probes[2]!.id, 1_061);
  assert.equal(mtu.handleTimeout(1_100), true);
  assert.equal(mtu.length, 1_232);
  mtu.onAnswer(probes[0]!.id, 1_300);
  assert.equal(mtu.length, 1_400, "and believed when it comes after all");
});

test("PathMtu: where long packets have arrived, the counters get a patience to prove an alarm false", () => {
  for (const isFalse of [true, false]) {
    const { mtu } = new Bench();
    for (let frame = 0; frame < 4; frame++) mtu.onSent(frame, 1_400, 0);
    mtu.onCounters(3, 4, 50);
    for (let frame = 4; frame < 24; frame++) mtu.onSent(frame, 1_400, 60);
    mtu.handleTimeout(1_000);
    const probes = Array.from({ length: 5 }, () => mtu.takeProbe(1_000));
    mtu.onSent(24, 1_400, 1_010);
    mtu.onAnswer(probes[3]!.id, 1_050);
    assert.equal(mtu.handleTimeout(1_200), false);
    assert.equal(mtu.length, 1_400);
    if (isFalse) mtu.onCounters(24, 6, 1_250);
    assert.equal(mtu.handleTimeout(2_500), !isFalse);
    assert.equal(mtu.length, isFalse ? 1_400 : 952);
  }
});

test("PathMtu: longer packets are tried again soon, then ever less often, and never more often than every 30 s at last", () => {
  const bench = new Bench();
  bench.takes = 1_272;
  bench.passUntil(1_232);
  bench.probes = [];
  const triedAt: number[] = [];
  const from = bench.now;
  for (let i = 0; i < 200_000; i += 10) {
    const before = bench.probes.length;
    bench.pass(10);
    if (bench.probes.length > before) triedAt.push(bench.now - from);
  }
  assert.ok(triedAt[0]! <= 600, `${triedAt}`);
  const intervals = triedAt.slice(1).map((at, i) => at - triedAt[i]!);
  for (let i = 1; i < intervals.length; i++) assert.ok(intervals[i]! >= intervals[i - 1]! - 20);
  assert.ok(intervals.at(-1)! >= 29_900 && intervals.at(-1)! <= 30_100, `${intervals}`);
  assert.ok(bench.probes.every(({ length }) => length > 1_232));
  assert.equal(bench.mtu.length, 1_232);
});

test("PathMtu: packets grow again as far as the path takes them, within the longest back-off", () => {
  const bench = new Bench();
  bench.takes = 572;
  bench.passUntil(548);
  bench.pass(100_000);
  for (const [takes, length] of [[972, 952], [1_272, 1_232], [1_400, 1_400]] as const) {
    bench.takes = takes;
    assert.ok(bench.passUntil(length) <= 30_100);
    bench.pass(1_000);
    assert.equal(bench.mtu.length, length);
  }
});

test("PathMtu: what sends nothing long is not disturbed: no probe leaves without use for it", () => {
  const bench = new Bench();
  bench.takes = 1_272;
  bench.passUntil(1_232);
  bench.pass(100);
  bench.probes = [];
  bench.pass(100_000, 5, 200);
  assert.deepEqual(bench.probes, []);
  bench.mtu.onWanted(bench.now);
  bench.pass(1, 0);
  assert.equal(bench.probes.length, 2);
});

test("PathMtu: nothing is tried before enable()", () => {
  const mtu = new PathMtu();
  for (let frame = 0; frame < 100; frame++) mtu.onSent(frame, 1_400, frame);
  assert.equal(mtu.deadline, Infinity);
  mtu.handleTimeout(60_000);
  assert.equal(mtu.takeProbe(60_000), undefined);
  mtu.enable();
  mtu.handleTimeout(60_001);
  assert.equal(mtu.takeProbe(60_001)?.length, 1_400);
});

test("PathMtu: answers to nothing change nothing", () => {
  const mtu = new PathMtu();
  mtu.enable();
  for (let id = 0; id < 65_536; id += 7) mtu.onAnswer(id, 5);
  assert.equal(mtu.length, 1_400);
  assert.equal(mtu.deadline, Infinity);
});

test("PathMtu: at the least length there is no alarm any more", () => {
  const bench = new Bench();
  bench.takes = 548;
  bench.passUntil(548);
  bench.takes = 0;
  bench.probes = [];
  bench.pass(5_000, 5);
  assert.ok(bench.probes.every(({ length }) => length > 548));
  assert.equal(bench.narrowed, 1);
});

test("PathMtu: in a byte stream packets are as long as they may ever be, and no stall is an alarm", () => {
  const bench = new Bench();
  bench.takes = 1_272;
  bench.passUntil(1_232);
  bench.mtu.setReliable(true);
  assert.equal(bench.mtu.length, 1_400);
  bench.probes = [];
  bench.takes = 0;
  bench.pass(10_000);
  assert.deepEqual(bench.probes, []);
  assert.equal(bench.mtu.deadline, Infinity);
  bench.mtu.setReliable(false);
  assert.equal(bench.mtu.length, 1_232, "what was known of the path is known still");
  bench.takes = 572;
  bench.passUntil(548);
});
