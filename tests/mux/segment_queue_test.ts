import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Segment } from "../../src/mux/segment.ts";
import { SegmentQueue } from "../../src/mux/segment_queue.ts";
import { segment } from "../support/segments.ts";

test("peek() leaves the first segment where it is, and take() takes it out", () => {
  const queue = new SegmentQueue();
  const [a, b] = [segment(0), segment(1)];
  queue.add(a);
  queue.add(b);
  assert.equal(queue.peek(), a);
  assert.equal(queue.take(), a);
  assert.equal(queue.take(), b);
  assert.equal(queue.peek(), undefined);
  assert.equal(queue.take(), undefined);
});

test("SegmentQueue passes over what has been acknowledged in the meantime, as a filtered array does", () => {
  const step = fc.constantFrom("add", "add", "add", "take", "take", "ack");
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1_000 }), fc.nat(), (steps, salt) => {
      const queue = new SegmentQueue();
      let model: Segment[] = [];
      steps.forEach((kind, i) => {
        if (kind === "add") {
          const added = segment(i);
          queue.add(added);
          model.push(added);
        } else if (kind === "ack" && model.length > 0) {
          model[(salt + i * 7) % model.length]!.acked = true;
          model = model.filter((waiting) => !waiting.acked);
        } else if (kind === "take") assert.equal(queue.take(), model.shift());
        assert.equal(queue.peek(), model[0]);
      });
    }),
  );
});
