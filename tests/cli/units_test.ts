import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatRate, formatSeconds, megabitsPerSecond } from "../../src/cli/units.ts";

test("formatBytes() counts in steps of 1,024", () => {
  const all = { 0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 33554432: "32.0 MiB" };
  for (const [bytes, text] of Object.entries(all)) assert.equal(formatBytes(Number(bytes)), text);
  assert.equal(formatBytes(5 * 1024 ** 5), "5120.0 TiB");
});

test("megabitsPerSecond() counts in millions of bits, and is 0 when no time has passed", () => {
  assert.equal(megabitsPerSecond(1_250_000, 2), 5);
  assert.equal(megabitsPerSecond(1_250_000, 0), 0);
});

test("formatRate() and formatSeconds() keep to what can be read at a glance", () => {
  assert.deepEqual([formatRate(0.25), formatRate(123.4)], ["0.3 Mbit/s", "123 Mbit/s"]);
  assert.deepEqual([0.421, 12.34, 125.4, 119.7].map(formatSeconds), [
    "0.42 s",
    "12.3 s",
    "2 min 5 s",
    "2 min 0 s",
  ]);
});
