import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ClosedStreams } from "../../src/mux/closed_streams.ts";

const QUARANTINE = 120_000;

test("ClosedStreams lets an id rest for 120 s", () => {
  const closed = new ClosedStreams();
  closed.add(7, undefined, 1_000);
  assert.equal(closed.has(7, 1_000), true);
  assert.equal(closed.has(8, 1_000), false);
  assert.equal(closed.has(7, 1_000 + QUARANTINE - 1), true);
  assert.equal(closed.has(7, 1_000 + QUARANTINE), false);
});

test("endOf() gives the sequence of the other side's end, if the stream was closed by ends", () => {
  const closed = new ClosedStreams();
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
    const closed = new ClosedStreams();
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
