import assert from "node:assert/strict";
import { test } from "node:test";
import { SentTimes } from "../../src/repair/sent_times.ts";

test("SentTimes.sentAt() is right within two milliseconds", () => {
  const times = new SentTimes();
  for (let frame = 0; frame < 2000; frame++) times.onSent(frame, frame * 0.25);
  for (let frame = 1000; frame < 2000; frame++) {
    const error = frame * 0.25 - (times.sentAt(frame) ?? NaN);
    assert.ok(error >= 0 && error <= 2, `frame ${frame}: ${error}`);
  }
});

test("SentTimes.sentAt() knows nothing of what was sent too long ago, or before the first", () => {
  const times = new SentTimes();
  assert.equal(times.sentAt(5), undefined);
  for (let frame = 10; frame < 1000; frame++) times.onSent(frame, frame * 20);
  assert.equal(times.sentAt(9), undefined);
  assert.equal(times.sentAt(700), undefined);
  assert.equal(times.sentAt(990), 990 * 20);
});

test("SentTimes.frameSince() is the first frame of that time or later", () => {
  const times = new SentTimes();
  for (let frame = 0; frame < 100; frame++) times.onSent(frame, frame * 20);
  assert.equal(times.frameSince(401), 21);
  assert.equal(times.frameSince(400), 20);
  assert.equal(times.frameSince(10_000), Infinity);
});
