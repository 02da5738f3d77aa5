import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteBudget } from "../../src/byte_budget.ts";
import { ClosedStreams } from "../../src/mux/closed_streams.ts";
import { ReceiveBudget } from "../../src/mux/receive_budget.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import { StreamTable } from "../../src/mux/stream_table.ts";
import { Random } from "../../src/random.ts";
import { seededSource } from "../support/seeded_random.ts";

const QUARANTINE = 120_000;

test("H11: ClosedStreams lets an id rest for 120 s", () => {
  const closed = new ClosedStreams(() => {});
  closed.add(7, undefined, 1_000);
  assert.equal(closed.has(7, 1_000), true);
  assert.equal(closed.has(8, 1_000), false);
  assert.equal(closed.has(7, 1_000 + QUARANTINE - 1), true);
  assert.equal(closed.has(7, 1_000 + QUARANTINE), false);
});

test("endOf() gives the sequence of the other side's end, if the stream was closed by ends", () => {
  const closed = new ClosedStreams(() => {});
  closed.add(1, 44, 0);
  closed.add(2, undefined, 0);
  assert.equal(closed.endOf(1, 0), 44);
  assert.equal(closed.endOf(2, 0), undefined);
  assert.equal(closed.endOf(3, 0), undefined);
  assert.equal(closed.endOf(1, QUARANTINE), undefined);
});

test("ClosedStreams agrees with a table of times, for any order of ends", () => {
  const step = fc.tuple(fc.nat(20), fc.nat(20_000));
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const closed = new ClosedStreams(() => {});
    const endedAt = new Map<number, number>();
    let now = 0;
    for (const [id, gap] of steps) {
      now += gap;
      closed.add(id, id, now);
      endedAt.set(id, now);
      for (let i = 0; i <= 20; i++) {
        const at = endedAt.get(i);
        assert.equal(closed.has(i, now), at !== undefined && now - at < QUARANTINE);
      }
    }
  }));
});

test("ClosedStreams pays for each 1,024 ids that rest, and gives that back when they rest no more", () => {
  let paid = 0;
  const closed = new ClosedStreams((bytes) => paid += bytes);
  for (let id = 0; id < 1_023; id++) closed.add(id, undefined, 0);
  assert.deepEqual([paid, closed.deadline], [0, Infinity]);
  for (let id = 1_023; id < 65_536; id++) closed.add(id, undefined, 5_000);
  assert.equal(paid, 64 * 84 * 1_024);
  assert.ok(closed.deadline >= QUARANTINE && closed.deadline <= QUARANTINE + 10_000);
  closed.handleTimeout(closed.deadline);
  assert.deepEqual([paid, closed.deadline], [0, Infinity]);
});

test("a peer that opens and resets streams without end holds no more than its session may", () => {
  const bytes = new ByteBudget(1_000_000);
  const budget = new ReceiveBudget({ bytes });
  const rtt = new RttEstimator();
  const context = { budget, isOwnKind: true, mayOpen: true, provenAt: 0, rtt };
  const streams = new StreamTable("server", new Random(seededSource(1)), context);
  let accepted = 0;
  for (let id = 0; id < 65_536; id += 2) {
    const stream = streams.accept(id, "", 0);
    if (stream === undefined) continue;
    accepted++;
    stream.abandon({ by: "remote" });
    streams.schedule(stream, 0);
  }
  assert.equal(streams.size, 0);
  assert.ok(accepted > 10_000 && accepted < 13_000, `${accepted}`);
  // A block is paid for when it is full.
  assert.ok(bytes.used <= 1_000_000 + 84 * 1_024, `${bytes.used}`);
  streams.handleTimeout(streams.deadline, () => {});
  assert.equal(bytes.used, 0);
  assert.ok(streams.accept(0, "", 140_000));
});
