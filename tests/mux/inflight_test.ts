import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { type FrameRecord, Inflight } from "../../src/mux/inflight.ts";
import type { SegmentOwner } from "../../src/mux/segment.ts";
import { segment, segmentOwner } from "../support/segments.ts";

const MOST = 65_536;

/** Nothing may be given up. */
function never(record: FrameRecord): void {
  assert.fail(`frame ${record.frame} was given up`);
}

/** Adds a frame that carries a segment of a stream. */
function carry(inflight: Inflight, frame: number, owner: SegmentOwner, forget = never) {
  const record = inflight.add(frame, forget);
  inflight.carry(record, segment(frame, owner));
  return record;
}

/** The chain of a stream, as an acknowledgement walks it. */
function chain(inflight: Inflight, owner: SegmentOwner): number[] {
  const frames: number[] = [];
  for (let frame = owner.oldestFrame; frame >= 0;) {
    const record = inflight.at(frame);
    assert.ok(record !== undefined, `frame ${frame} of the chain is gone`);
    if (record.state === "inFlight") frames.push(frame);
    frame = record.nextOfStream;
  }
  return frames;
}

test("at() gives the record of a frame, or undefined when it is not held", () => {
  const inflight = new Inflight();
  assert.equal(inflight.newest, -1);
  assert.equal(inflight.at(0), undefined);
  const record = inflight.add(5, never);
  assert.equal(inflight.at(5), record);
  assert.deepEqual([record.frame, record.state, record.segment], [5, "other", undefined]);
  assert.equal(inflight.at(4), undefined);
  assert.equal(inflight.at(6), undefined);
  assert.equal(inflight.at(5 + 64), undefined);
  assert.deepEqual([inflight.oldest, inflight.newest], [5, 5]);
});

test("add() throws for a frame that is not newer than all before", () => {
  const inflight = new Inflight();
  inflight.add(5, never);
  assert.throws(() => inflight.add(5, never), new RangeError("frame 5 is not newer than 5"));
});

test("Inflight grows with what is in flight, to 65,536 frames, and tells what falls out", () => {
  const inflight = new Inflight();
  const owner = segmentOwner();
  for (let frame = 0; frame < MOST; frame++) carry(inflight, frame, owner);
  assert.equal(inflight.oldest, 0);
  const given: number[] = [];
  const forget = (record: FrameRecord) => {
    given.push(record.frame);
    inflight.decide(record, "lost");
  };
  for (let frame = MOST; frame < MOST + 1_000; frame++) carry(inflight, frame, owner, forget);
  assert.deepEqual(given, Array.from({ length: 1_000 }, (_, i) => i));
  assert.equal(inflight.oldest, 1_000);
  assert.equal(inflight.count, MOST);
  assert.equal(owner.oldestFrame, 1_000);
  assert.equal(chain(inflight, owner).length, MOST);
});

test("Inflight does not grow for the sake of frames that carry no segment", () => {
  const inflight = new Inflight();
  for (let frame = 0; frame < 1_000; frame++) inflight.add(frame, never);
  assert.equal(inflight.oldest, 1_000 - 64);
  const owner = segmentOwner();
  carry(inflight, 1_000, owner);
  for (let frame = 1_001; frame < 2_000; frame++) inflight.add(frame, never);
  assert.equal(inflight.oldest, 1_000);
  assert.equal(inflight.at(1_000)?.state, "inFlight");
});

test("Inflight takes a jump of the frame numbers", () => {
  const inflight = new Inflight();
  const owner = segmentOwner();
  carry(inflight, 10, owner);
  carry(inflight, 10_000, owner);
  assert.deepEqual(chain(inflight, owner), [10, 10_000]);
  const given: number[] = [];
  carry(inflight, 1_000_000, owner, (record) => {
    given.push(record.frame);
    inflight.decide(record, "lost");
  });
  assert.deepEqual(given, [10, 10_000]);
  assert.deepEqual(chain(inflight, owner), [1_000_000]);
  assert.equal(inflight.count, 1);
});

test("forgetBefore() forgets all frames below, and keeps the others", () => {
  const inflight = new Inflight();
  for (let frame = 0; frame < 50; frame++) inflight.add(frame, never);
  inflight.forgetBefore(30);
  assert.equal(inflight.at(29), undefined);
  assert.equal(inflight.at(30)?.frame, 30);
  inflight.forgetBefore(1_000);
  assert.equal(inflight.at(49), undefined);
  assert.equal(inflight.add(50, never).frame, 50);
  assert.equal(inflight.oldest, 50);
});

test("decide() lets go of the segment", () => {
  const inflight = new Inflight();
  const record = carry(inflight, 0, segmentOwner());
  inflight.decide(record, "acked");
  assert.deepEqual([record.state, record.segment, inflight.count], ["acked", undefined, 0]);
});

test("Inflight chains the undecided frames of each stream, oldest first, whatever is decided when", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("send" as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("other" as const), pick: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("decide" as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), pick: fc.nat() }) },
  );
  fc.assert(fc.property(fc.nat(10_000), fc.array(step, { maxLength: 400 }), (first, steps) => {
    const inflight = new Inflight();
    const owners = [segmentOwner(0), segmentOwner(1), segmentOwner(2)];
    const open = new Map<number, SegmentOwner>();
    let frame = first;
    for (const { kind, pick } of steps) {
      const oldest = open.keys().next().value ?? frame;
      if (kind === "send") {
        const owner = owners[pick % 3]!;
        open.set(frame, owner);
        carry(inflight, frame++, owner);
      } else if (kind === "other") inflight.add(frame++, never);
      else if (kind === "forget") inflight.forgetBefore(oldest);
      else if (open.size > 0) {
        const chosen = [...open.keys()][pick % open.size]!;
        inflight.decide(inflight.at(chosen)!, pick % 2 === 0 ? "acked" : "lost");
        open.delete(chosen);
      }
      assert.equal(inflight.count, open.size);
      for (const owner of owners) {
        const expected = [...open].filter(([, of]) => of === owner).map(([number]) => number);
        assert.deepEqual(chain(inflight, owner), expected);
        assert.equal(owner.oldestFrame, expected[0] ?? -1);
      }
    }
  }));
});
