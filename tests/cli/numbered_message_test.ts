import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeMessage,
  encodeMessage,
  MESSAGE_LENGTH,
  wallClock,
} from "../../src/cli/numbered_message.ts";

test("decodeMessage() reads what encodeMessage() wrote, wherever the bytes stand", () => {
  const memory = new Uint8Array(MESSAGE_LENGTH + 7);
  const message = { sequence: 4_000_000_000, sentAt: 1.7e12 + 0.25 };
  encodeMessage(memory.subarray(7), message);
  assert.deepEqual(decodeMessage(memory.subarray(7)), message);
  assert.deepEqual([...memory.subarray(7, 11)], [0xee, 0x6b, 0x28, 0x00]);
});

test("decodeMessage() returns undefined for what has another length", () => {
  for (const length of [0, 11, MESSAGE_LENGTH - 1, MESSAGE_LENGTH + 1]) {
    assert.equal(decodeMessage(new Uint8Array(length)), undefined);
  }
});

test("wallClock() is milliseconds since 1970, and goes on", async () => {
  const before = wallClock();
  assert.ok(Math.abs(before - Date.now()) < 60_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(wallClock() - before > 10);
});
