import { test } from "node:test";
import assert from "node:assert/strict";
import { RecoveryBench } from "../support/recovery_bench.ts";
import { segmentOwner } from "../support/segments.ts";

const ALLOWANCE = 10;

test("Recovery measures the round trip whenever H rises to a frame that is answered at once", () => {
  const bench = new RecoveryBench();
  const [a, b] = [bench.send(), bench.send()];
  bench.now = 50;
  bench.report(0, 1, [a]);
  assert.equal(bench.rtt.latest, 50);
  bench.now = 60;
  bench.report(1, 2, [b]);
  assert.equal(bench.rtt.latest, 60);
  bench.now = 90;
  bench.report(1, 2);
  bench.report(0, 1);
  assert.equal(bench.rtt.latest, 60);
  bench.sendOther();
  bench.now = 500;
  bench.report(2, 3);
  assert.equal(bench.rtt.latest, 60);
  bench.sendOther(true);
  bench.now = 570;
  bench.report(3, 4);
  assert.equal(bench.rtt.latest, 70);
});

test("Recovery takes all that is under way as lost when the path has changed, reported or not", () => {
  const bench = new RecoveryBench();
  const [a, b, c] = [bench.send(), bench.send(), bench.send()];
  bench.now = 50;
  bench.report(1, 1, [b]);
  assert.equal(bench.recovery.takeLost(), undefined);
  bench.recovery.onPathChanged();
  assert.deepEqual([bench.recovery.takeLost(), bench.recovery.takeLost()], [a, c]);
  assert.equal(bench.recovery.takeLost(), undefined);
});

test("Recovery measures a retransmission as the frame of its own that it is", () => {
  const bench = new RecoveryBench();
  const a = bench.send();
  bench.now = 300;
  bench.send(a);
  bench.now = 340;
  bench.report(1, 1, [a]);
  assert.equal(bench.rtt.latest, 40);
  assert.equal(bench.recovery.stats.needless, 0);
});

test("Recovery measures nothing at a frame whose segment was acknowledged before: nobody answered it", () => {
  const bench = new RecoveryBench();
  const a = bench.send();
  bench.now = 30;
  bench.send(a);
  bench.now = 50;
  bench.report(0, 1, [a]);
  assert.equal(bench.rtt.latest, 50);
  bench.now = 60_000;
  bench.report(1, 2);
  assert.equal(bench.rtt.latest, 50);
});

test("Recovery measures a path that has become long at the copies that it sent in the meantime", () => {
  const bench = new RecoveryBench();
  const a = bench.send();
  while (bench.now < 1_000) {
    bench.timeout();
    for (const probe of bench.probes()) bench.send(probe, undefined, true);
  }
  bench.now = 1_000;
  bench.report(0, 1, [a]);
  assert.equal(bench.rtt.latest, 1_000);
});

test("Recovery takes a segment for lost when three later frames have arrived", () => {
  const bench = new RecoveryBench();
  const [a, b, c, d] = [bench.send(), bench.send(), bench.send(), bench.send()];
  bench.report(2, 2, [b, c]);
  assert.deepEqual(bench.lost(), []);
  bench.report(3, 3, [d]);
  assert.deepEqual(bench.lost(), [a]);
  assert.equal(bench.recovery.stats.lost, 1);
});

test("Recovery takes a segment for lost that left clearly before one that has arrived", () => {
  const bench = new RecoveryBench();
  const a = bench.send();
  bench.now = 20;
  const b = bench.send();
  bench.now = 40;
  bench.report(1, 1, [b]);
  assert.deepEqual(bench.lost(), [a]);
});

test("Recovery over streams goes by the clock alone, and waits a second", () => {
  const bench = new RecoveryBench();
  bench.recovery.setReliable(true);
  const [a, ...rest] = bench.sendMany(10);
  bench.now = 50;
  bench.report(9, 9, rest);
  assert.deepEqual(bench.lost(), []);
  // The first has left at 1 ms.
  assert.equal(bench.recovery.deadline, 1_001);
  bench.timeout();
  assert.deepEqual(bench.lost(), [a]);
});

test("Recovery loses only segments of the stream that has said what it has", () => {
  const bench = new RecoveryBench();
  const other = segmentOwner(1);
  const theirs = bench.send(undefined, other);
  const [a, ...rest] = bench.sendMany(6);
  bench.report(6, 5, rest);
  assert.deepEqual(bench.lost(), [a]);
  bench.report(6, 5, [], [other]);
  assert.deepEqual(bench.lost(), [theirs]);
});

test("Recovery judges a retransmission by the same rules, so that it costs a round trip", () => {
  const bench = new RecoveryBench();
  const [a, ...rest] = bench.sendMany(4);
  bench.report(3, 3, rest);
  assert.deepEqual(bench.lost(), [a]);
  bench.send(a);
  const more = bench.sendMany(3);
  bench.report(7, 6, more);
  assert.deepEqual(bench.lost(), [a]);
});

test("Recovery takes a segment up to H for lost when it is overdue by the clock", () => {
  const bench = new RecoveryBench();
  const owner = segmentOwner(1);
  const [a, b] = [bench.send(), bench.send(undefined, owner)];
  bench.now = 40;
  bench.report(1, 1, [], []);
  const limit = 40 + ALLOWANCE + 5;
  assert.equal(bench.recovery.deadline, limit);
  bench.now = limit - 1;
  bench.recovery.handleTimeout(bench.now);
  assert.deepEqual(bench.lost(), []);
  bench.timeout();
  assert.deepEqual(bench.lost(), [a, b]);
  assert.equal(bench.recovery.deadline, Infinity);
  assert.equal(bench.recovery.stats.probes, 0);
});

test("Recovery sends the four oldest segments again when nothing is heard", () => {
  const bench = new RecoveryBench();
  const pieces = bench.sendMany(6);
  const sentAt = bench.now;
  bench.timeout();
  assert.equal(bench.now, sentAt + 100 + 100 + ALLOWANCE);
  assert.deepEqual(bench.probes(), pieces.slice(0, 4));
  assert.deepEqual(bench.lost(), []);
  assert.equal(bench.recovery.stats.probes, 1);
});

test("Recovery takes everything for lost after three probes in a row in vain", () => {
  const bench = new RecoveryBench();
  const pieces = bench.sendMany(10);
  for (let i = 0; i < 3; i++) {
    assert.equal(bench.congestion.timeouts, 0);
    assert.deepEqual(bench.lost(), []);
    bench.timeout();
    for (const probe of bench.probes()) bench.send(probe, undefined, true);
  }
  assert.equal(bench.congestion.timeouts, 1);
  // The four oldest are the last probe.
  assert.deepEqual(bench.lost(), pieces.slice(4));
  bench.timeout();
  assert.equal(bench.congestion.timeouts, 1);
});

test("Recovery counts probes anew after an answer", () => {
  const bench = new RecoveryBench();
  const [a] = bench.sendMany(10);
  for (let i = 0; i < 2; i++) {
    bench.timeout();
    bench.probes();
  }
  bench.report(0, 1, [a!]);
  for (let i = 0; i < 2; i++) {
    bench.timeout();
    bench.probes();
  }
  assert.equal(bench.congestion.timeouts, 0);
});

test("Recovery has patience with a path that reorders: what was needless is counted", () => {
  const bench = new RecoveryBench();
  const [a, ...rest] = bench.sendMany(4);
  bench.now = 50;
  bench.report(3, 3, rest);
  assert.deepEqual(bench.lost(), [a]);
  bench.send(a);
  bench.report(3, 4, [a!]);
  assert.equal(bench.recovery.stats.needless, 1);
  const [b, ...more] = bench.sendMany(5);
  bench.report(9, 9, more);
  assert.deepEqual(bench.lost(), []);
  bench.now += 100;
  bench.report(9, 10, [b!]);
});

test("Recovery concludes nothing from a probe that proves needless", () => {
  const bench = new RecoveryBench();
  const a = bench.send();
  bench.timeout();
  for (const probe of bench.probes()) bench.send(probe, undefined, true);
  bench.report(0, 1, [a]);
  assert.equal(bench.recovery.stats.needless, 0);
});

test("provenAt is when the newest frame left that has arrived", () => {
  const bench = new RecoveryBench();
  assert.equal(bench.recovery.provenAt, -Infinity);
  const pieces = bench.sendMany(5);
  bench.now = 60;
  bench.report(2, 3, pieces.slice(0, 3));
  assert.equal(bench.recovery.provenAt, 3);
  bench.report(1, 2);
  bench.sendMany(1);
  assert.equal(bench.recovery.provenAt, 3);
});

test("queueAgain() asks for a segment in its turn, once, and not while it is under way", () => {
  const bench = new RecoveryBench();
  const [a, b, ...rest] = bench.sendMany(5);
  bench.recovery.queueAgain(a!);
  assert.equal(bench.recovery.hasLost, false);
  bench.report(4, 3, rest);
  bench.recovery.queueAgain(a!);
  bench.recovery.queueAgain(b!);
  assert.equal(bench.recovery.hasLost, true);
  assert.deepEqual(bench.lost(), [a, b]);
});

test("onAbandoned() takes a segment out of flight, and it is never sent again", () => {
  const bench = new RecoveryBench();
  const [a, b, ...rest] = bench.sendMany(6);
  bench.recovery.onAbandoned(b!);
  assert.equal(bench.inFlight, 5);
  bench.report(5, 4, rest);
  bench.recovery.onAbandoned(a!);
  assert.deepEqual(bench.lost(), []);
  assert.equal(bench.inFlight, 0);
  assert.equal(bench.recovery.deadline, Infinity);
});

test("Recovery tells the congestion controller what the original refused behind its counters", () => {
  const bench = new RecoveryBench();
  for (let i = 0; i < 60; i++) {
    const [, , ...rest] = bench.sendMany(12);
    bench.now += 20;
    bench.report(bench.frame - 1, bench.frame, rest);
    bench.lost();
  }
  const { samples } = bench.congestion;
  const refused = samples.reduce((sum, sample) => sum + sample.refused, 0);
  assert.ok(refused > 60 && refused < 120, `${refused}`);
  assert.equal(samples.reduce((sum, sample) => sum + sample.lost, 0), refused);
});

test("Recovery takes nothing for refused that went with lost acknowledgements of the original", () => {
  const bench = new RecoveryBench();
  let theirs = 0;
  for (let i = 0; i < 60; i++) {
    const [, , ...rest] = bench.sendMany(12);
    bench.now += 20;
    // One of six of its frames is lost, and two of twelve segments go unacknowledged.
    for (let k = 0; k < 5; k++) bench.recovery.arrivals.onFrame(theirs++);
    theirs++;
    bench.report(bench.frame - 1, bench.frame, rest);
    bench.lost();
  }
  const { samples } = bench.congestion;
  assert.equal(samples.slice(20).reduce((sum, sample) => sum + sample.refused, 0), 0);
});

test("Recovery believes our own kind: what its counters do not miss, it has", () => {
  const bench = new RecoveryBench();
  bench.recovery.onOwnKind();
  const [, ...rest] = bench.sendMany(4);
  bench.report(3, 4, rest);
  assert.equal(bench.congestion.samples.at(-1)?.lost, 0);
  assert.equal(bench.lost().length, 1);
  const [, ...more] = bench.sendMany(4);
  bench.report(7, 7, more);
  assert.equal(bench.congestion.samples.at(-1)?.lost, 1);
});

test("Recovery tells when the losses turn out to have been none", () => {
  const bench = new RecoveryBench();
  const [a, ...rest] = bench.sendMany(4);
  bench.report(3, 3, rest);
  bench.report(3, 4, [a!]);
  assert.equal(bench.congestion.spurious, 1);
});

test("Recovery takes a stream for refused whose segments are lost again and again, and not missed", () => {
  const bench = new RecoveryBench();
  let pieces = bench.sendMany(12);
  let total = 0;
  for (let round = 0; round < 2; round++) {
    assert.equal(bench.owner.refusal.isRefused, false);
    const others = bench.sendMany(4, segmentOwner(1));
    bench.now += 100;
    bench.report(bench.frame - 1, total = bench.frame, others);
    pieces = bench.lost();
    assert.equal(pieces.length, 12);
    for (const piece of pieces) bench.send(piece);
  }
  assert.equal(total, 32);
  assert.equal(bench.owner.refusal.isRefused, true);
  bench.recovery.onAcked(pieces[0]!);
  assert.equal(bench.owner.refusal.isRefused, false);
});

test("Recovery takes no stream for refused whose segments the counters miss", () => {
  const bench = new RecoveryBench();
  let pieces = bench.sendMany(12);
  let total = 0;
  for (let round = 0; round < 6; round++) {
    const others = bench.sendMany(4, segmentOwner(1));
    bench.now += 100;
    bench.report(bench.frame - 1, total += 4, others);
    pieces = bench.lost();
    assert.equal(pieces.length, 12);
    for (const piece of pieces) bench.send(piece);
  }
  assert.equal(bench.owner.refusal.isRefused, false);
});

test("Recovery does not take the acknowledged end of a stream for room", () => {
  const bench = new RecoveryBench();
  for (let i = 0; i < 8; i++) bench.owner.refusal.onLost(0);
  const fin = { ...bench.send(), kind: "fin" as const };
  bench.recovery.onAcked(fin);
  assert.equal(bench.owner.refusal.isRefused, true);
});

test("Recovery sends a retransmission a second time when no new data waits behind it", () => {
  const bench = new RecoveryBench();
  const [a, ...rest] = bench.sendMany(4);
  bench.report(3, 3, rest);
  assert.deepEqual(bench.lost(), [a]);
  bench.send(a, undefined, false, true);
  assert.equal(bench.recovery.deadline, bench.now + 3);
  bench.timeout();
  assert.deepEqual(bench.probes(), [a]);
  assert.equal(bench.recovery.stats.probes, 0);
});

/** On a path that has lost a fifth. */
function lossyBench(): RecoveryBench {
  const bench = new RecoveryBench();
  for (let i = 0; i < 10; i++) {
    const pieces = bench.sendMany(10);
    bench.now += 100;
    bench.report(bench.frame - 1, Math.round(bench.frame * 0.8), pieces);
  }
  bench.lost();
  return bench;
}

test("Recovery sends the tail once more when the source falls silent on a path that loses", () => {
  const bench = lossyBench();
  const tail = bench.sendMany(3);
  bench.recovery.onNothingToSend(false, bench.now);
  assert.ok(bench.recovery.deadline > bench.now + 20);
  bench.recovery.onNothingToSend(true, bench.now);
  assert.ok(bench.recovery.deadline <= bench.now + 20);
  bench.timeout();
  assert.deepEqual(bench.probes(), tail);
  for (const piece of tail) bench.send(piece, undefined, true);
  bench.recovery.onNothingToSend(true, bench.now);
  bench.timeout();
  assert.equal(bench.recovery.stats.probes, 1);
});

test("Recovery sends nothing once more that was written after the silence", () => {
  const bench = lossyBench();
  const tail = bench.sendMany(3);
  bench.recovery.onNothingToSend(true, bench.now);
  bench.sendMany(5);
  bench.timeout();
  assert.deepEqual(bench.probes(), tail);
});
