import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { equalBytes } from "../../src/bytes.ts";
import type { Segment } from "../../src/mux/segment.ts";
import { MOST_UNSENT, SendBuffer } from "../../src/mux/send_buffer.ts";
import { saltedBytes } from "../support/salted_bytes.ts";
import { segmentOwner } from "../support/segments.ts";

const SPAN = 8_192;

/** Cuts everything that there is. */
function cutAll(buffer: SendBuffer, most = 1_000, withFin = true): Segment[] {
  const segments: Segment[] = [];
  for (let next = buffer.cut(most, withFin); next; next = buffer.cut(most, withFin)) {
    segments.push(next);
  }
  return segments;
}

function ack(buffer: SendBuffer, ...sequences: number[]): void {
  for (const sequence of sequences) buffer.segmentAt(sequence)!.acked = true;
  buffer.advance();
}

test("append() takes a copy of as much as there is room for, and returns how much", () => {
  const buffer = new SendBuffer(segmentOwner());
  const bytes = saltedBytes(0, MOST_UNSENT - 10, 0);
  assert.equal(buffer.append(bytes), MOST_UNSENT - 10);
  bytes.fill(0);
  assert.equal(buffer.room, 10);
  assert.equal(buffer.append(saltedBytes(MOST_UNSENT - 10, 100, 0)), 10);
  assert.equal(buffer.append(saltedBytes(0, 1, 0)), 0);
  assert.equal(buffer.unsent, MOST_UNSENT);
  let at = 0;
  for (const { payload } of cutAll(buffer)) {
    assert.ok(equalBytes(payload, saltedBytes(at, payload.length, 0)));
    at += payload.length;
  }
  assert.equal(at, MOST_UNSENT);
});

test("cut() makes one segment of many small writes that had to wait", () => {
  const buffer = new SendBuffer(segmentOwner());
  for (let i = 0; i < 10; i++) buffer.append(Uint8Array.of(i));
  assert.deepEqual([...buffer.cut(1_000, true)!.payload], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(buffer.cut(1_000, true), undefined);
});

test("cut() gives segments in order, of so many bytes at the most", () => {
  const owner = segmentOwner();
  const buffer = new SendBuffer(owner);
  buffer.append(new Uint8Array(2_500));
  const segments = cutAll(buffer);
  assert.deepEqual(segments.map(({ sequence }) => sequence), [0, 1, 2]);
  assert.deepEqual(segments.map(({ payload }) => payload.length), [1_000, 1_000, 500]);
  assert.ok(segments.every((segment) => segment.owner === owner && segment.kind === "data"));
});

test("finish() makes the end a segment of its own, for peers that understand it", () => {
  const buffer = new SendBuffer(segmentOwner());
  buffer.append(new Uint8Array(10));
  assert.equal(buffer.isFinished, false);
  buffer.finish();
  assert.equal(buffer.isFinished, true);
  assert.equal(buffer.room, 0);
  assert.equal(buffer.append(new Uint8Array(1)), 0);
  assert.deepEqual(cutAll(buffer, 1_000, false).map(({ kind }) => kind), ["data"]);
  assert.equal(buffer.hasNext(false), false);
  assert.equal(buffer.hasNext(true), true);
  const [fin, ...more] = cutAll(buffer);
  assert.deepEqual([fin?.kind, fin?.sequence, fin?.payload.length], ["fin", 1, 0]);
  assert.deepEqual(more, []);
});

test("isDelivered tells whether all data is acknowledged, isFinAcked whether the end is too", () => {
  const buffer = new SendBuffer(segmentOwner());
  assert.equal(buffer.isDelivered, true);
  buffer.append(new Uint8Array(1_500));
  assert.equal(buffer.isDelivered, false);
  buffer.finish();
  cutAll(buffer);
  ack(buffer, 2);
  assert.equal(buffer.isDelivered, false);
  assert.equal(buffer.isFinAcked, false);
  ack(buffer, 0);
  assert.equal(buffer.isDelivered, false);
  ack(buffer, 1);
  assert.equal(buffer.isDelivered, true);
  assert.equal(buffer.isFinAcked, true);

  const unanswered = new SendBuffer(segmentOwner());
  unanswered.append(new Uint8Array(10));
  unanswered.finish();
  cutAll(unanswered);
  ack(unanswered, 0);
  assert.equal(unanswered.isDelivered, true);
  assert.equal(unanswered.isFinAcked, false);
});

test("hasNext() lets 8,192 segments lie between the first and the last unacknowledged one", () => {
  const buffer = new SendBuffer(segmentOwner());
  let cut = 0;
  for (let i = 0; i < 10_000; i++) {
    buffer.append(Uint8Array.of(1));
    cut += cutAll(buffer).length;
  }
  assert.equal(cut, SPAN);
  for (let sequence = 1; sequence < SPAN; sequence++) buffer.segmentAt(sequence)!.acked = true;
  buffer.advance();
  assert.equal(buffer.hasNext(true), false);
  ack(buffer, 0);
  assert.equal(buffer.hasNext(true), true);
  assert.equal(buffer.first, SPAN);
});

test("setLimit() holds back what the other side would refuse, but not the end", () => {
  const buffer = new SendBuffer(segmentOwner());
  buffer.append(new Uint8Array(5));
  assert.equal(buffer.setLimit(3), false);
  assert.equal(cutAll(buffer, 1).length, 3);
  assert.equal(buffer.isBlocked, true);
  assert.equal(buffer.setLimit(2), false);
  assert.equal(buffer.isBlocked, true);
  assert.equal(buffer.setLimit(5), true);
  assert.equal(buffer.isBlocked, false);
  assert.equal(cutAll(buffer, 1).length, 2);
  assert.equal(buffer.isBlocked, false);
  buffer.finish();
  assert.equal(buffer.cut(1, true)?.kind, "fin");
});

test("cut() oversteps the limit by one segment for a probe, and only then", () => {
  const buffer = new SendBuffer(segmentOwner());
  buffer.append(new Uint8Array(5));
  buffer.setLimit(0);
  assert.equal(buffer.cut(1, true), undefined);
  assert.equal(buffer.cut(1, true, true)?.sequence, 0);
  assert.equal(new SendBuffer(segmentOwner()).cut(1, true, true), undefined);
});

test("release() drops everything, and nothing is written or cut afterwards", () => {
  const buffer = new SendBuffer(segmentOwner());
  buffer.append(new Uint8Array(3_000));
  buffer.cut(1_000, true);
  buffer.release();
  assert.deepEqual([buffer.unsent, buffer.room, buffer.first, buffer.next], [0, 0, 1, 1]);
  assert.equal(buffer.segmentAt(0), undefined);
  assert.deepEqual([...buffer.unacknowledged()], []);
  assert.equal(buffer.append(Uint8Array.of(1)), 0);
});

test("SendBuffer keeps exactly what is not acknowledged, for any order of acknowledgements", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("write" as const), value: fc.nat(5_000) }),
    fc.record({ kind: fc.constant("ack" as const), value: fc.nat() }),
    fc.record({ kind: fc.constant("ackBelow" as const), value: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const buffer = new SendBuffer(segmentOwner());
      const open = new Map<number, Segment>();
      for (const { kind, value } of steps) {
        if (kind === "write") {
          buffer.append(new Uint8Array(value));
          for (const segment of cutAll(buffer, 100)) open.set(segment.sequence, segment);
        } else {
          const sequences = [...open.keys()];
          const index = sequences.length === 0 ? 0 : value % sequences.length;
          for (const sequence of sequences.slice(kind === "ack" ? index : 0, index + 1)) {
            open.get(sequence)!.acked = true;
            open.delete(sequence);
          }
          buffer.advance();
        }
        assert.deepEqual([...buffer.unacknowledged()], [...open.values()]);
        assert.equal(buffer.first, open.keys().next().value ?? buffer.next);
        assert.equal(buffer.isDelivered, open.size === 0);
        for (const [sequence, segment] of open) assert.equal(buffer.segmentAt(sequence), segment);
        assert.equal(buffer.segmentAt(buffer.first - 1), undefined);
        assert.equal(buffer.segmentAt(buffer.next), undefined);
      }
    }),
    { numRuns: 50 },
  );
});
