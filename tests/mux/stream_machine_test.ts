import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import { ReceiveBudget } from "../../src/mux/receive_budget.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import { StreamMachine } from "../../src/mux/stream_machine.ts";
import type { StreamMessageType } from "../../src/wire/message.ts";

const NOTHING = new Uint8Array(0);
const RTT = 30;
const FIRST_WAIT = 100;
const LINGER = 2_000;

/** A stream, and what its lane would do with it. */
class Bench {
  readonly budget = new ReceiveBudget();
  readonly context = {
    budget: this.budget,
    isOwnKind: true,
    mayOpen: true,
    provenAt: -1,
    rtt: new RttEstimator(RTT),
  };
  readonly stream: StreamMachine;
  now = 0;

  constructor(isOpener: boolean, isOwnKind = true) {
    this.context.isOwnKind = isOwnKind;
    this.stream = new StreamMachine(7, "info", isOpener, this.context, 0);
  }

  /** Sends all that is owed. */
  send(): StreamMessageType[] {
    const sent: StreamMessageType[] = [];
    for (let type = this.stream.owed; type !== undefined; type = this.stream.owed) {
      if (type === "dataAck") {
        this.stream.acks.takeEntries(
          this.stream.receiving.next,
          { ackRepeats: 4, ackEchoes: 1 },
          this.now,
        );
      }
      this.stream.onOwedSent(type, this.now);
      sent.push(type);
    }
    return sent;
  }

  /** Lets time pass; returns what was sent, and when. */
  run(until: number): [number, StreamMessageType][] {
    const sent: [number, StreamMessageType][] = [];
    for (;;) {
      for (const type of this.send()) sent.push([this.now, type]);
      if (this.stream.deadline > until) break;
      assert.ok(this.stream.deadline >= this.now, "the deadline has passed");
      this.now = this.stream.deadline;
      this.stream.handleTimeout(this.now);
    }
    this.now = until;
    return sent;
  }

  /** Ends the writing half, and has everything acknowledged, or all but the end. */
  finish(isFinAcked = true): void {
    this.stream.sending.finish();
    for (;;) {
      const segment = this.stream.sending.cut(1_000, this.context.isOwnKind);
      if (segment === undefined) break;
      segment.transmissions++;
      segment.acked = segment.kind === "data" || isFinAcked;
    }
    this.stream.sending.advance();
    this.stream.advance(this.now);
  }
}

/** An open stream that owes nothing. */
function opened(isOwnKind = true): Bench {
  const bench = new Bench(false, isOwnKind);
  bench.send();
  return bench;
}

test("StreamMachine repeats the Syn until it is answered, with doubled waits up to 2 s", () => {
  const bench = new Bench(true);
  assert.equal(bench.stream.phase, "opening");
  const times = bench.run(10_000).map(([time, type]) => {
    assert.equal(type, "syn");
    return time;
  });
  const waits = [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000];
  let at = 0;
  assert.deepEqual(times, [0, ...waits.map((wait) => at += wait)]);
});

test("StreamMachine waits two round trips before it repeats anything on a long path", () => {
  const rtt = new RttEstimator(400);
  const context = { budget: new ReceiveBudget(), isOwnKind: true, mayOpen: true, provenAt: 0, rtt };
  const stream = new StreamMachine(7, "", true, context, 0);
  stream.onOwedSent("syn", 0);
  assert.equal(stream.deadline, 800);
});

test("StreamMachine gives an opening up that is not answered for 30 s", () => {
  const bench = new Bench(true);
  bench.run(29_999);
  assert.equal(bench.stream.phase, "opening");
  bench.run(30_000);
  assert.equal(bench.stream.phase, "closed");
  assert.equal(bench.stream.end?.by, "timeout");
  assert.equal(bench.stream.end?.error?.code, "no-answer");
  assert.equal(bench.stream.deadline, Infinity);
});

test("StreamMachine opens by a SynAck or by data", () => {
  const bench = new Bench(true);
  assert.equal(bench.stream.hasData, false);
  bench.stream.sending.append(Uint8Array.of(1));
  assert.equal(bench.stream.hasData, false);
  bench.stream.onAgreed();
  assert.equal(bench.stream.phase, "open");
  assert.equal(bench.stream.hasData, true);
  assert.deepEqual(bench.run(100_000), []);
});

test("StreamMachine is closed by a Rst that answers its Syn, and does not answer it", () => {
  const bench = new Bench(true);
  bench.send();
  bench.stream.onRst();
  assert.equal(bench.stream.phase, "closed");
  assert.equal(bench.stream.end?.by, "remote");
  assert.equal(bench.stream.end?.error?.code, "reset");
  assert.deepEqual(bench.send(), []);
});

test("StreamMachine answers a Syn, and one that comes again", () => {
  const bench = new Bench(false);
  assert.equal(bench.stream.phase, "open");
  assert.deepEqual(bench.send(), ["synAck"]);
  bench.stream.onSynAgain();
  bench.stream.onSynAgain();
  assert.deepEqual(bench.send(), ["synAck"]);
});

test("renumber() sends the Syn again at once, under the new id", () => {
  const bench = new Bench(true);
  bench.send();
  bench.stream.renumber(9);
  assert.equal(bench.stream.id, 9);
  assert.deepEqual(bench.send(), ["syn"]);
});

test("onData() lists a segment again that came before, and no segment that was refused", () => {
  const { stream } = opened();
  stream.onData(2, NOTHING, 0);
  assert.deepEqual(stream.acks.takeEntries(0, { ackRepeats: 0, ackEchoes: 1 }, 0), [2]);
  stream.onData(2, NOTHING, 10);
  stream.onData(1_000_000, NOTHING, 10);
  assert.deepEqual(stream.acks.takeEntries(0, { ackRepeats: 0, ackEchoes: 1 }, 10), [2]);
});

test("onData() is acknowledged also for a segment that is refused", () => {
  const bench = opened();
  bench.stream.onData(1_000_000, NOTHING, 0);
  assert.deepEqual(bench.send(), ["dataAck"]);
});

test("onFin() is answered at once, and reading goes on until everything has come", () => {
  const bench = opened();
  bench.stream.onFin(1, 0);
  assert.deepEqual(bench.send(), ["finAck"]);
  assert.equal(bench.stream.isReadToEnd, false);
  bench.stream.onData(0, Uint8Array.of(1), 0);
  assert.deepEqual(bench.send().sort(), ["dataAck", "finAck"]);
  assert.equal(bench.stream.isReadToEnd, true);
  assert.equal(bench.stream.phase, "open");
});

test("onFin() resets the stream when the other end contradicts itself", () => {
  const bench = opened();
  bench.stream.onFin(3, 0);
  bench.stream.onFin(4, 0);
  assert.equal(bench.stream.phase, "resetting");
  assert.equal(bench.stream.end?.by, "error");
});

test("StreamMachine is closed, without a Rst, when both ends have been told", () => {
  for (const isFirst of [true, false]) {
    const bench = opened();
    if (isFirst) bench.finish();
    bench.stream.onFin(0, 0);
    if (!isFirst) bench.finish();
    assert.equal(bench.stream.phase, "closed");
    assert.deepEqual(bench.stream.end, { by: "local" });
    assert.deepEqual(bench.send(), ["finAck"]);
  }
});

test("StreamMachine says before it closes that all has come: else the other side would ask for ever", () => {
  const bench = opened();
  bench.finish();
  bench.stream.onData(0, NOTHING, 0);
  bench.send();
  bench.stream.onData(1, NOTHING, 1);
  bench.stream.onFin(2, 1);
  assert.equal(bench.stream.phase, "closed");
  assert.deepEqual(bench.send(), ["dataAck", "finAck"]);
});

test("StreamMachine keeps a stream open of which the other half goes on", () => {
  const bench = opened();
  bench.finish();
  bench.run(1_000_000);
  assert.equal(bench.stream.phase, "open");
});

test("discard() ends a stream whose own end is told, 2 s after the other side was last waited for", () => {
  const bench = opened();
  bench.now = 100;
  bench.stream.onData(0, NOTHING, 100);
  bench.send();
  bench.finish();
  bench.stream.discard(100);
  assert.equal(bench.stream.phase, "open");
  for (let now = 150; now < 100 + LINGER; now += 50) {
    bench.run(now);
    bench.stream.onData(now, NOTHING, now);
  }
  assert.equal(bench.stream.phase, "open");
  bench.run(100 + LINGER);
  assert.equal(bench.stream.phase, "resetting");
  assert.deepEqual(bench.stream.end, { by: "local" });
});

test("reset() repeats the Rst until it is answered by one", () => {
  const bench = opened();
  bench.stream.reset({ by: "local" });
  const expected = [[0, "rst"], [FIRST_WAIT, "rst"], [3 * FIRST_WAIT, "rst"]];
  assert.deepEqual(bench.run(400), expected);
  assert.equal(bench.stream.phase, "resetting");
  bench.stream.onRst();
  assert.equal(bench.stream.phase, "closed");
  assert.deepEqual(bench.run(100_000), []);
});

test("reset() sends a Rst to the original five times at the most", () => {
  const bench = opened(false);
  bench.context.provenAt = Infinity;
  bench.stream.reset({ by: "local" });
  const times = bench.run(100_000).map(([time]) => time);
  assert.deepEqual(times, [0, 100, 300, 700, 1_500]);
  assert.equal(bench.stream.phase, "closed");
  assert.deepEqual(bench.stream.end, { by: "local" });
});

test("reset() goes on with the Rst, every 5 s, through an outage, and begins anew after it", () => {
  const bench = opened(false);
  bench.stream.reset({ by: "local" });
  const times = bench.run(25_000).map(([time]) => time);
  assert.deepEqual(times.slice(5), [3_100, 6_300, 11_300, 16_300, 21_300]);
  bench.context.provenAt = Infinity;
  const after = bench.run(100_000).map(([time]) => time);
  assert.deepEqual(after, [26_300, 26_400, 26_600, 27_000, 27_800]);
  assert.equal(bench.stream.phase, "closed");
});

test("reset() gives what was received back to the budget when the stream was cut", () => {
  const bench = opened();
  const free = bench.budget.free;
  bench.stream.onData(0, new Uint8Array(1_000), 0);
  bench.stream.onData(2, new Uint8Array(1_000), 0);
  bench.stream.reset({ by: "local", error: new SosistabError("closed", "enough") });
  assert.equal(bench.budget.free, free);
});

test("StreamMachine says nothing but a Rst after the end", () => {
  const bench = opened();
  bench.stream.onData(0, NOTHING, 0);
  bench.stream.onSynAgain();
  bench.stream.onFin(1, 0);
  bench.stream.reset({ by: "local" });
  assert.deepEqual(bench.send(), ["rst"]);
  bench.stream.onData(1, NOTHING, 0);
  bench.stream.onFin(1, 0);
  bench.stream.onSynAgain();
  assert.deepEqual(bench.send(), []);
});

test("onRst() is answered by one Rst, and cuts a stream of our own kind that had not ended", () => {
  const bench = opened();
  bench.stream.onData(0, Uint8Array.of(1), 0);
  bench.stream.onRst();
  bench.stream.onRst();
  assert.equal(bench.stream.phase, "closed");
  assert.equal(bench.stream.end?.error?.code, "reset");
  assert.equal(bench.stream.isReadToEnd, false);
  assert.equal(bench.stream.receiving.readable, 1);
  assert.deepEqual(bench.send(), ["rst"]);
});

test("onRst() drops what waits behind a gap, and keeps what can be read", () => {
  const bench = opened();
  const free = bench.budget.free;
  bench.stream.onData(0, new Uint8Array(10), 0);
  bench.stream.onData(2, new Uint8Array(10), 0);
  bench.stream.onRst();
  assert.equal(free - bench.budget.free, 10);
});

test("onRst() of our own kind is no error when both halves had ended", () => {
  const bench = opened();
  bench.stream.onFin(0, 0);
  bench.stream.sending.append(Uint8Array.of(1));
  bench.finish(false);
  bench.stream.onRst();
  assert.deepEqual(bench.stream.end, { by: "remote" });
  assert.equal(bench.stream.isReadToEnd, true);
});

test("onRst() is the ordinary end of the original, as long as nothing is missing", () => {
  const bench = opened(false);
  bench.stream.onData(0, Uint8Array.of(1), 0);
  bench.stream.onRst();
  assert.deepEqual(bench.stream.end, { by: "remote" });
  assert.equal(bench.stream.isReadToEnd, true);

  const gap = opened(false);
  gap.stream.onData(1, Uint8Array.of(1), 0);
  gap.stream.onRst();
  assert.equal(gap.stream.end?.error?.code, "reset");
  assert.equal(gap.stream.isReadToEnd, false);

  const unsent = opened(false);
  unsent.stream.sending.append(Uint8Array.of(1));
  unsent.stream.onRst();
  assert.equal(unsent.stream.end?.error?.code, "reset");
  assert.equal(unsent.stream.isReadToEnd, true);
});

test("StreamMachine ends towards the original by a Rst, when nothing has come for 2 s", () => {
  const bench = opened(false);
  bench.finish();
  for (const now of [500, 1_500, 3_000]) {
    bench.run(now);
    bench.stream.onData(bench.stream.receiving.next, NOTHING, now);
  }
  bench.run(3_000 + LINGER - 1);
  assert.equal(bench.stream.phase, "open");
  bench.run(3_000 + LINGER);
  assert.equal(bench.stream.phase, "resetting");
  assert.deepEqual(bench.stream.end, { by: "local" });
});

test("StreamMachine does not end towards the original while something is missing in between", () => {
  const bench = opened(false);
  bench.stream.onData(1, NOTHING, 0);
  bench.finish();
  bench.run(9_000);
  assert.equal(bench.stream.phase, "open");
  bench.stream.onData(0, NOTHING, 9_000);
  bench.run(9_000 + LINGER);
  assert.equal(bench.stream.phase, "resetting");
});

test("StreamMachine ends towards the original at once when nobody reads any more", () => {
  const bench = opened(false);
  bench.finish();
  bench.stream.discard(0);
  assert.deepEqual(bench.send(), ["rst"]);
});

test("abandon() ends it without a word", () => {
  for (const prepare of [() => {}, (bench: Bench) => bench.stream.reset({ by: "local" })]) {
    const bench = opened();
    prepare(bench);
    bench.stream.abandon({ by: "timeout" });
    assert.equal(bench.stream.phase, "closed");
    assert.deepEqual(bench.send(), []);
    assert.equal(bench.stream.deadline, Infinity);
  }
});

test("abandon() does not change how a stream had ended", () => {
  const bench = opened();
  bench.stream.reset({ by: "local" });
  bench.stream.abandon({ by: "timeout" });
  assert.deepEqual(bench.stream.end, { by: "local" });
});
