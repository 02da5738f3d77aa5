import { test } from "node:test";
import assert from "node:assert/strict";
import { ByteBudget } from "../../src/byte_budget.ts";
import { ReceiveBudget } from "../../src/mux/receive_budget.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { StreamTable } from "../../src/mux/stream_table.ts";
import { Random } from "../../src/random.ts";
import { seededSource } from "../support/seeded_random.ts";

const QUARANTINE = 120_000;

function newTable(
  role: "client" | "server" = "client",
  seed = 1,
  budget = new ReceiveBudget(),
  mostIncoming?: number,
): StreamTable {
  const context = {
    budget,
    isOwnKind: true,
    mayOpen: true,
    provenAt: 0,
    rtt: new RttEstimator(30),
  };
  return new StreamTable(role, new Random(seededSource(seed)), context, mostIncoming);
}

/** Ends a stream, and has its Rst sent. */
function end(table: StreamTable, stream: StreamMachine, now: number): void {
  stream.onRst();
  if (stream.owed === "rst") stream.onOwedSent("rst", now);
  table.schedule(stream, now);
}

/** Sends what a stream owes, so that it is quiet. */
function settle(table: StreamTable, stream: StreamMachine, now: number): void {
  for (let type = stream.owed; type; type = stream.owed) stream.onOwedSent(type, now);
  table.schedule(stream, now);
}

test("H11: open() takes even ids as client and odd ones as server, one after another", () => {
  for (const role of ["client", "server"] as const) {
    const starts = new Set<number>();
    for (let seed = 0; seed < 5; seed++) {
      const table = newTable(role, seed);
      const ids = Array.from({ length: 5 }, () => table.open("", 0)!.id);
      const start = ids[0]!;
      starts.add(start);
      assert.equal(start % 2, role === "client" ? 0 : 1);
      assert.deepEqual(ids, [0, 2, 4, 6, 8].map((step) => (start + step) % 65_536));
    }
    assert.ok(starts.size > 1);
  }
});

test("open() goes all the way round, past ids that are in use, until none is free", () => {
  const table = newTable();
  const ids = new Set<number>();
  for (let stream = table.open("", 0); stream; stream = table.open("", 0)) ids.add(stream.id);
  assert.equal(ids.size, 32_768);
  assert.equal(table.size, 32_768);
  const [first] = table.values();
  end(table, first!, 0);
  assert.equal(table.open("", QUARANTINE - 1), undefined);
  assert.equal(table.open("", QUARANTINE)?.id, first!.id);
});

test("accept() lets the other side have 1,024 streams open", () => {
  const table = newTable();
  const streams = Array.from({ length: 1_024 }, (_, i) => table.accept(2 * i + 1, "", 0)!);
  assert.equal(table.accept(4_001, "", 0), undefined);
  assert.notEqual(table.open("", 0), undefined);
  end(table, streams[5]!, 0);
  assert.notEqual(table.accept(4_001, "", 0), undefined);
  assert.equal(table.accept(4_003, "", 0), undefined);
});

test("StreamTable removes a stream that is closed and owes nothing, and its id rests", () => {
  const table = newTable();
  const stream = table.accept(5, "", 0)!;
  assert.equal(table.get(5), stream);
  settle(table, stream, 0);
  stream.onRst();
  table.schedule(stream, 0);
  assert.equal(table.get(5), stream);
  assert.equal(table.nextOwing(), stream);
  stream.onOwedSent("rst", 0);
  table.schedule(stream, 0);
  assert.equal(table.get(5), undefined);
  assert.equal(table.size, 0);
  assert.equal(table.deadline, Infinity);
  assert.equal(table.isResting(5, 0), true);
  assert.equal(table.endOf(5, 0), undefined);
  assert.equal(table.isResting(5, QUARANTINE), false);
});

test("endOf() tells where the other side's half ended of a stream that was closed by both", () => {
  const table = newTable();
  const stream = table.accept(5, "", 0)!;
  settle(table, stream, 0);
  stream.onData(0, new Uint8Array(1), 0);
  stream.onFin(1, 0);
  stream.sending.finish();
  stream.sending.cut(1, true)!.acked = true;
  stream.sending.advance();
  stream.advance(0);
  assert.equal(stream.phase, "closed");
  settle(table, stream, 0);
  assert.equal(table.endOf(5, 0), 1);
  assert.equal(table.endOf(5, QUARANTINE), undefined);
});

test("renumber() gives a stream another id, and sends its Syn again", () => {
  const table = newTable();
  const stream = table.open("", 0)!;
  const id = stream.id;
  settle(table, stream, 0);
  table.renumber(stream, 0);
  assert.equal(table.get(id), undefined);
  assert.equal(table.get(stream.id), stream);
  assert.equal(stream.id, (id + 2) % 65_536);
  assert.equal(table.nextOwing(), stream);
});

test("nextOwing() gives the stream that has owed a message for longest, and drops who owes none", () => {
  const table = newTable();
  const [a, b, c] = [table.open("", 0)!, table.open("", 0)!, table.open("", 0)!];
  b.onOwedSent("syn", 0);
  assert.equal(table.nextOwing(), a);
  assert.equal(table.nextOwing(), c);
  assert.equal(table.nextOwing(), undefined);
});

test("nextSending() gives streams with data their turns, one segment each", () => {
  const table = newTable();
  const streams = [1, 3, 5].map((id) => table.accept(id, "", 0)!);
  for (const stream of streams) {
    stream.sending.append(new Uint8Array(stream.id === 3 ? 1 : 4));
    table.schedule(stream, 0);
  }
  assert.equal(table.hasData, true);
  const turns: number[] = [];
  for (let next = table.nextSending(); next; next = table.nextSending()) {
    next.sending.cut(1, true);
    turns.push(next.id);
    table.schedule(next, 0);
  }
  assert.deepEqual(turns, [1, 3, 5, 1, 5, 1, 5, 1, 5]);
  assert.equal(table.hasData, false);
});

test("handleTimeout() tells of each stream whose deadline has passed, and of no other", () => {
  const table = newTable();
  const early = table.open("", 0)!;
  const late = table.open("", 50)!;
  early.onOwedSent("syn", 0);
  late.onOwedSent("syn", 50);
  table.schedule(early, 0);
  table.schedule(late, 50);
  const told: StreamMachine[] = [];
  assert.ok(table.deadline <= 100);
  table.handleTimeout(99, (stream) => told.push(stream));
  assert.equal(told.length, 0);
  assert.equal(table.deadline, 100);
  table.handleTimeout(100, (stream) => told.push(stream));
  assert.deepEqual(told, [early]);
  assert.equal(table.deadline, 150);
});

test("deadline is never later than the earliest of the streams, and catches up with them", () => {
  const table = newTable();
  const streams = Array.from({ length: 20 }, (_, i) => table.accept(2 * i + 1, "", 0)!);
  for (const stream of streams) settle(table, stream, 0);
  let seed = 1;
  for (let now = 0; now < 3_000; now++) {
    seed = (seed * 48_271) % 2_147_483_647;
    const stream = streams[seed % 20]!;
    stream.onData(stream.receiving.next, new Uint8Array(0), now);
    if (stream.owed === "dataAck") stream.acks.takeEntries(0, { ackRepeats: 4, ackEchoes: 1 }, now);
    table.schedule(stream, now);
    const earliest = Math.min(...streams.map(({ deadline }) => deadline));
    assert.ok(table.deadline <= earliest);
    table.handleTimeout(now, () => {});
    assert.ok(table.deadline > now || Math.min(...streams.map((each) => each.deadline)) <= now);
    for (const each of streams) {
      if (each.owed === "dataAck") each.acks.takeEntries(0, { ackRepeats: 4, ackEchoes: 1 }, now);
    }
    for (const each of streams) table.schedule(each, now);
  }
});

test("segmentsLeft() counts segments still to be sent on all streams, up to a limit", () => {
  const table = newTable();
  assert.equal(table.segmentsLeft(100, 16), 0);
  for (const length of [1, 100, 250]) {
    const stream = table.open("", 0)!;
    stream.onAgreed();
    stream.sending.append(new Uint8Array(length));
    table.schedule(stream, 0);
  }
  assert.equal(table.segmentsLeft(100, 16), 1 + 1 + 3);
  assert.equal(table.segmentsLeft(100, 4), 4);
});

test("accept() lets the other side have as many streams open as were set", () => {
  const table = newTable("client", 1, new ReceiveBudget(), 3);
  for (const id of [1, 3, 5]) assert.notEqual(table.accept(id, "", 0), undefined);
  assert.equal(table.accept(7, "", 0), undefined);
  assert.notEqual(table.open("", 0), undefined, "those of this end do not count");
});

test("accept() opens no stream for which there is no memory, and a stream that ends gives its own back", () => {
  const bytes = new ByteBudget(100_000);
  const table = newTable("client", 1, new ReceiveBudget({ bytes }));
  const streams: StreamMachine[] = [];
  for (let id = 1;; id += 2) {
    const stream = table.accept(id, "", 0);
    if (stream === undefined) break;
    streams.push(stream);
  }
  assert.ok(streams.length > 10 && streams.length < 20, `${streams.length}`);
  assert.ok(bytes.used <= 100_000);
  assert.equal(bytes.refusals, 1);
  const own = table.open("", 0);
  assert.notEqual(own, undefined, "this end may do what it likes");
  for (const stream of [...streams, own!]) end(table, stream, 0);
  assert.equal(bytes.used, 0);
});
