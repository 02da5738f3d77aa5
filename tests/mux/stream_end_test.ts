import { test } from "node:test";
import assert from "node:assert/strict";
import { brokenBy, cutBy, unanswered } from "../../src/mux/stream_end.ts";

test("brokenBy(), cutBy() and unanswered() tell who ended a stream and why", () => {
  const ends = [brokenBy("did it"), cutBy("did it"), unanswered()].map((end) => [
    end.by,
    end.error?.code,
    end.error?.message,
  ]);
  assert.deepEqual(ends, [
    ["error", "reset", "the other end did it"],
    ["remote", "reset", "the other end did it"],
    ["timeout", "no-answer", "the other end did not answer the opening of the stream"],
  ]);
});
