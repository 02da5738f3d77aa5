import { test } from "node:test";
import assert from "node:assert/strict";
import { Answers } from "../../src/mux/answers.ts";
import { ReceiveBudget } from "../../src/mux/receive_budget.ts";
import { Reception } from "../../src/mux/reception.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { StreamTable } from "../../src/mux/stream_table.ts";
import { Random } from "../../src/random.ts";
import {
  decodeMessage,
  type StreamMessage,
  type StreamMessageType,
} from "../../src/wire/message.ts";
import { Writer } from "../../src/wire/writer.ts";
import { seededSource } from "../support/seeded_random.ts";

function message(type: StreamMessageType, streamId: number, payload = "", sequence = 0) {
  const bytes = new TextEncoder().encode(payload);
  return { kind: "stream", type, streamId, sequence, payload: bytes } satisfies StreamMessage;
}

class Bench {
  readonly answers = new Answers();
  readonly table: StreamTable;
  readonly reception: Reception;

  constructor(isOwnKind = true) {
    const context = {
      budget: new ReceiveBudget(),
      isOwnKind,
      mayOpen: true,
      provenAt: 0,
      rtt: new RttEstimator(),
    };
    this.table = new StreamTable("client", new Random(seededSource(1)), context);
    this.reception = new Reception(this.table, this.answers);
  }

  /** Answers that wait, as type, id and sequence. */
  answered(): (string | number)[][] {
    const answers: (string | number)[][] = [];
    for (;;) {
      const memory = new Uint8Array(100);
      const writer = new Writer(memory);
      if (!this.answers.poll(writer)) return answers;
      const answer = decodeMessage(memory.subarray(0, writer.length));
      if (answer?.kind === "stream") answers.push([answer.type, answer.streamId, answer.sequence]);
    }
  }

  /** A stream that ends by a Rst, or by both ends after one segment. */
  closed(id: number, isByEnds: boolean): void {
    const stream = this.table.accept(id, "", 0)!;
    if (isByEnds) {
      stream.onData(0, new Uint8Array(1), 0);
      stream.onFin(1, 0);
      stream.sending.finish();
      stream.sending.cut(1, true)!.acked = true;
      stream.sending.advance();
      stream.advance(0);
    } else stream.onRst();
    this.settle(stream);
  }

  settle(stream: StreamMachine): void {
    for (let type = stream.owed; type; type = stream.owed) stream.onOwedSent(type, 0);
    this.table.schedule(stream, 0);
  }
}

test("handleSyn() opens a stream with the info that was sent", () => {
  const bench = new Bench();
  bench.reception.handleSyn(message("syn", 7, "häuser"), undefined, 0);
  const stream = bench.reception.takeIncoming();
  assert.equal(stream?.id, 7);
  assert.equal(stream?.info, "häuser");
  assert.equal(bench.table.get(7), stream);
  assert.equal(bench.reception.takeIncoming(), undefined);
  assert.deepEqual(bench.answered(), []);
});

test("handleSyn() takes 1,024 bytes of info, and answers more by a Rst", () => {
  const bench = new Bench();
  bench.reception.handleSyn(message("syn", 7, "x".repeat(1_024)), undefined, 0);
  bench.reception.handleSyn(message("syn", 9, "x".repeat(1_025)), undefined, 0);
  assert.equal(bench.table.get(9), undefined);
  assert.deepEqual(bench.answered(), [["rst", 9, 0]]);
  assert.deepEqual([bench.reception.malformed, bench.reception.refused], [1, 0]);
});

test("handleSyn() is silent about a late copy of the opening of a stream that has ended in order", () => {
  const bench = new Bench();
  bench.closed(7, true);
  bench.reception.handleSyn(message("syn", 7), undefined, 1);
  assert.equal(bench.reception.takeIncoming(), undefined);
  assert.deepEqual(bench.answered(), []);
  assert.equal(bench.reception.refused, 0);
});

test("handleSyn() refuses by a Rst what is too much, and an id that rests after a cut", () => {
  const bench = new Bench();
  bench.closed(3, false);
  bench.reception.handleSyn(message("syn", 3), undefined, 0);
  assert.deepEqual(bench.answered(), [["rst", 3, 0]]);
  for (let id = 1; id < 2_049; id += 2) {
    if (id !== 3) bench.reception.handleSyn(message("syn", id), undefined, 0);
  }
  bench.reception.handleSyn(message("syn", 4_001), undefined, 0);
  assert.deepEqual(bench.answered(), []);
  bench.reception.handleSyn(message("syn", 4_003), undefined, 0);
  assert.deepEqual(bench.answered(), [["rst", 4_003, 0]]);
  assert.equal(bench.reception.refused, 2);
  bench.reception.handleSyn(message("syn", 3), undefined, 120_000);
  assert.equal(bench.table.get(3), undefined);
});

test("handleSyn() gives our own opening another id when both sides opened the same", () => {
  const bench = new Bench();
  const own = bench.table.open("own", 0)!;
  const id = own.id;
  bench.reception.handleSyn(message("syn", id, "theirs"), own, 0);
  assert.equal(bench.table.get(id)?.info, "theirs");
  assert.equal(own.id, id + 2);
  assert.equal(own.phase, "opening");
});

test("handleStray() answers a message of an unknown stream by a Rst, unless it is a Rst", () => {
  const bench = new Bench(false);
  bench.closed(5, false);
  for (const type of ["synAck", "data", "dataAck", "fin", "finAck", "rst"] as const) {
    for (const id of [4, 5]) bench.reception.handleStray(message(type, id), 0);
    const expected = type === "rst" ? [] : [["rst", 4, 0], ["rst", 5, 0]];
    assert.deepEqual(bench.answered(), expected, type);
  }
});

test("handleStray() answers each Rst of our own kind by a FinAck, which nobody answers", () => {
  const bench = new Bench();
  for (const isAtPeace of [false, true]) {
    bench.closed(5, isAtPeace);
    for (const id of [4, 5, 5]) bench.reception.handleStray(message("rst", id), 0);
    assert.deepEqual(bench.answered(), [["finAck", 4, 0], ["finAck", 5, 0], ["finAck", 5, 0]]);
    for (const id of [4, 5]) bench.reception.handleStray(message("finAck", id), 0);
    assert.deepEqual(bench.answered(), []);
  }
});

test("handleStray() answers again what is repeated of a stream that both ends have closed", () => {
  const bench = new Bench();
  bench.closed(5, true);
  bench.reception.handleStray(message("fin", 5, "", 1), 0);
  bench.reception.handleStray(message("data", 5, "x", 0), 0);
  assert.deepEqual(bench.answered(), [["finAck", 5, 1], ["dataAck", 5, 1]]);
  for (const type of ["synAck", "dataAck", "finAck"] as const) {
    bench.reception.handleStray(message(type, 5), 0);
  }
  assert.deepEqual(bench.answered(), []);
  bench.reception.handleStray(message("data", 5), 120_000);
  assert.deepEqual(bench.answered(), [["rst", 5, 0]]);
});
