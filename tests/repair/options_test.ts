import assert from "node:assert/strict";
import { test } from "node:test";
import { RepairMachine } from "../../src/repair/machine.ts";
import { type RepairOptions, repairSettings } from "../../src/repair/options.ts";

const BAD: readonly (readonly [RepairOptions, string])[] = [
  [{ targetLoss: 0 }, "targetLoss must be above 0 and below 1, got 0"],
  [{ targetLoss: 1 }, "targetLoss must be above 0 and below 1, got 1"],
  [{ targetLoss: NaN }, "targetLoss must be above 0 and below 1, got NaN"],
  [{ delay: 0 }, "delay must be above 0 and at most 10000 ms, got 0"],
  [{ delay: 10_001 }, "delay must be above 0 and at most 10000 ms, got 10001"],
  [{ maxOverhead: -1 }, "maxOverhead must be from 0 to 10, got -1"],
  [{ maxOverhead: 11 }, "maxOverhead must be from 0 to 10, got 11"],
];

test("repairSettings() refuses what makes no sense with an exact message", () => {
  for (const [options, message] of BAD) {
    assert.throws(() => repairSettings(options), { name: "RangeError", message });
    assert.throws(() => new RepairMachine(options, 0), { name: "RangeError", message });
  }
});

test("repairSettings() fills in what is not set", () => {
  assert.deepEqual(repairSettings(), { targetLoss: 0.005, delay: 20, maxOverhead: 3 });
  assert.deepEqual(repairSettings({ delay: 10_000 }), {
    targetLoss: 0.005,
    delay: 10_000,
    maxOverhead: 3,
  });
});
