import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Segment } from "../../src/mux/segment.ts";
import { FixedCongestion } from "../support/fixed_congestion.ts";
import { RecoveryBench } from "../support/recovery_bench.ts";
import { segmentOwner } from "../support/segments.ts";

const MOST_FRAMES = 65_536;

test("Recovery measures the delivery rate by frames and time, beginning anew when nothing is in flight", () => {
  const bench = new RecoveryBench();
  const first = bench.sendMany(10);
  bench.now = 100;
  bench.report(9, 10, first);
  assert.equal(bench.congestion.samples.at(-1)?.segments, 10);
  assert.equal(bench.congestion.samples.at(-1)?.interval, 99);
  const second = bench.sendMany(20);
  bench.now = 250;
  bench.report(29, 28, second.slice(2));
  const sample = bench.congestion.samples.at(-1)!;
  assert.deepEqual([sample.segments, sample.arrived, sample.interval], [20, 18, 149]);
  assert.equal(sample.rateIsValid, true);
  assert.equal(sample.inFlight, 0);
  assert.deepEqual([sample.acked, sample.lost, sample.priorInFlight], [18, 2, 20]);
});

test("Recovery measures the delivery rate since the report that was newest when the frame left", () => {
  const bench = new RecoveryBench();
  const pieces = bench.sendMany(10);
  bench.now = 100;
  bench.report(4, 5, pieces.slice(0, 5));
  const [last] = bench.sendMany(1);
  bench.now = 190;
  bench.report(10, 11, [...pieces.slice(5), last!]);
  const sample = bench.congestion.samples.at(-1)!;
  assert.deepEqual([sample.segments, sample.arrived, sample.interval], [6, 6, 96]);
});

test("Recovery marks frames that leave before all has been reported that went before a silence", () => {
  const bench = new RecoveryBench();
  const [a] = bench.sendMany(1);
  bench.recovery.onNothingToSend(true, bench.now);
  const [b, c] = bench.sendMany(2);
  bench.report(0, 1, [a!]);
  const [d] = bench.sendMany(1);
  for (const [index, piece] of [b!, c!, d!].entries()) bench.report(index + 1, index + 2, [piece]);
  const marks = bench.congestion.samples.map((sample) => sample.appLimited);
  assert.deepEqual(marks, [false, true, true, false]);
});

test("Recovery counts rounds of the path, each of 10 ms at least", () => {
  const bench = new RecoveryBench();
  const starts: number[] = [];
  for (let highest = 0; bench.now < 500; bench.now += 5) {
    const piece = bench.send();
    if (bench.now >= 100) bench.report(highest, ++highest);
    bench.recovery.onAcked(piece);
    if (bench.congestion.samples.at(-1)?.roundStart) starts.push(bench.now);
  }
  const unique = [...new Set(starts)];
  unique.slice(1).forEach((at, i) => assert.equal(at - unique[i]!, 105));
  assert.ok(unique.length >= 3);
});

test("onCounters() takes no notice of a frame before the other side has received anything", () => {
  const bench = new RecoveryBench();
  bench.send();
  bench.now = 5;
  bench.report(0, 0);
  assert.equal(bench.congestion.samples.length, 0);
  assert.equal(bench.rtt.known, false);
});

test("onCounters() takes no notice of frames that were never sent, however many", () => {
  const bench = new RecoveryBench();
  bench.send();
  bench.report(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  bench.report(1, 2);
  assert.equal(bench.congestion.samples.length, 0);
  assert.equal(bench.inFlight, 1);
  bench.now = 50;
  bench.report(0, 1);
  assert.equal(bench.rtt.latest, 50);
});

test("onSent() begins at any frame number, and asks nothing of the frames before", () => {
  const bench = new RecoveryBench(1_000);
  bench.report(700, 600);
  const pieces = bench.sendMany(10);
  bench.report(900, 800);
  bench.now = 60;
  bench.report(1_009, 905, pieces);
  const sample = bench.congestion.samples.at(-1)!;
  assert.deepEqual([sample.segments, sample.arrived], [10, 10]);
  assert.equal(bench.recovery.stats.lossRate, 0);
  assert.equal(bench.rtt.latest, 50);
  assert.equal(bench.inFlight, 0);
  assert.equal(bench.recovery.deadline, Infinity);
});

test("Recovery takes for lost what falls out of a ledger of 65,536 frames", () => {
  const bench = new RecoveryBench(0, new FixedCongestion(100_000));
  const [oldest, second] = bench.sendMany(2);
  for (let i = 0; i < MOST_FRAMES - 2; i++) bench.send();
  assert.equal(bench.inFlight, MOST_FRAMES);
  bench.send();
  bench.send();
  assert.deepEqual(bench.lost(), [oldest, second]);
  assert.equal(bench.inFlight, MOST_FRAMES);
});

/** The other side, which has what has arrived, and says so when it is asked to. */
class Peer {
  readonly bench: RecoveryBench;
  readonly owners = [segmentOwner(0), segmentOwner(1)];
  readonly pieces: Segment[] = [];
  readonly #first: number;
  readonly #carried = new Map<number, Segment>();
  readonly #arrived = new Set<number>();
  readonly #has = new Set<Segment>();

  constructor(firstFrame: number) {
    this.#first = firstFrame;
    this.bench = new RecoveryBench(firstFrame);
  }

  /** Segments that are not acknowledged. */
  get open(): Segment[] {
    return this.pieces.filter((piece) => !piece.acked);
  }

  transmit(piece?: Segment, isProbe = false, owner = this.owners[0]): void {
    const sent = this.bench.send(piece, owner, isProbe);
    if (piece === undefined) this.pieces.push(sent);
    this.#carried.set(this.bench.frame - 1, sent);
  }

  /** Sends everything again that is asked for. */
  repeat(): void {
    for (const probe of this.bench.probes()) this.transmit(probe, true);
    for (const lost of this.bench.lost()) {
      assert.equal(lost.acked, false);
      this.transmit(lost);
    }
  }

  arrive(frame: number): void {
    if (frame < this.#first) return;
    this.#arrived.add(frame);
    const piece = this.#carried.get(frame);
    if (piece !== undefined) this.#has.add(piece);
  }

  report(): void {
    const acked = this.open.filter((piece) => this.#has.has(piece));
    const highest = Math.max(0, ...this.#arrived);
    this.bench.report(highest, this.#arrived.size, acked, this.owners);
  }
}

test("Recovery knows what is in flight, loses sight of nothing, and never waits in vain", () => {
  const step = fc.record({
    kind: fc.constantFrom("send", "send", "other", "arrive", "arrive", "report", "wait"),
    pick: fc.nat(30),
    gap: fc.nat(40),
  });
  const steps = fc.array(step, { maxLength: 300 });
  fc.assert(fc.property(fc.boolean(), fc.nat(5_000), steps, (isOwnKind, firstFrame, list) => {
    const peer = new Peer(firstFrame);
    const { bench } = peer;
    if (isOwnKind) bench.recovery.onOwnKind();
    for (const { kind, pick, gap } of list) {
      bench.now += gap;
      if (kind === "send") peer.transmit(undefined, false, peer.owners[pick % 2]);
      else if (kind === "other") bench.sendOther(pick % 2 === 0);
      else if (kind === "arrive") peer.arrive(bench.frame - 1 - pick);
      else if (kind === "report") peer.report();
      else if (bench.recovery.deadline < Infinity) {
        bench.timeout();
        assert.ok(bench.recovery.deadline > bench.now, "the deadline has passed");
      }
      peer.repeat();
      // What was lost is sent again at once here, so all that is not acknowledged is in flight.
      assert.equal(bench.inFlight, peer.open.length);
      assert.equal(bench.recovery.deadline < Infinity, peer.open.length > 0);
    }
    for (let frame = firstFrame; frame < bench.frame; frame++) peer.arrive(frame);
    peer.report();
    assert.equal(bench.inFlight, 0);
    assert.equal(bench.recovery.deadline, Infinity);
    assert.equal(bench.recovery.hasLost, false);
  }));
});
