import { test } from "node:test";
import assert from "node:assert/strict";
import {
  type Counts,
  formatSummary,
  judge,
  parseBunSummary,
  parseDenoSummary,
  parseNodeSummary,
} from "./runner/summary.ts";
import { isAtLeast } from "./runner/programs.ts";

function counts(passed: number, failed: number, skipped: number): Counts {
  return { passed, failed, skipped };
}

const ENDED_WELL = { code: 0, timedOut: false };

test("parseDenoSummary() reads the last summary, with and without colours", () => {
  assert.deepEqual(parseDenoSummary("ok | 17 passed | 0 failed (3s)\n"), counts(17, 0, 0));
  assert.deepEqual(
    parseDenoSummary(
      "a ... ok (1ms)\n\nFAILED | 7 passed (4 steps) | 2 failed (1 step) | 1 ignored (2 steps) (12ms)\n",
    ),
    counts(7, 2, 1),
  );
  assert.deepEqual(
    parseDenoSummary("\x1b[0m\x1b[32mok\x1b[0m | 5 passed | 0 failed | 3 filtered out (1s)"),
    counts(5, 0, 0),
  );
  assert.deepEqual(
    parseDenoSummary("ok | 1 passed | 0 failed (1s)\nok | 2 passed | 0 failed (1s)"),
    counts(2, 0, 0),
  );
});

test("parseBunSummary() adds up skipped and planned tests", () => {
  const output = "(pass) a\n\n 9 pass\n 1 skip\n 2 todo\n 3 fail\nRan 15 tests across 2 files.\n";
  assert.deepEqual(parseBunSummary(output), counts(9, 3, 3));
  assert.deepEqual(
    parseBunSummary("\n\x1b[32m 17 pass\x1b[0m\n\x1b[2m 0 fail\x1b[0m\nRan 17 tests."),
    counts(17, 0, 0),
  );
});

test("parseNodeSummary() reads both reporters, and counts a cancelled test as failed", () => {
  const summary = [
    "tests 11",
    "suites 0",
    "pass 6",
    "fail 1",
    "cancelled 2",
    "skipped 1",
    "todo 1",
  ];
  for (const mark of ["ℹ", "#"]) {
    const output = summary.map((line) => `${mark} ${line}`).join("\n");
    assert.deepEqual(parseNodeSummary(output), counts(6, 3, 2));
  }
});

test("a summary that is not there is undefined", () => {
  for (const output of ["", "error: Module not found", "1 pass", "ok | done", "ℹ pass 3"]) {
    assert.equal(parseDenoSummary(output), undefined);
    assert.equal(parseBunSummary(output), undefined);
    assert.equal(parseNodeSummary(output), undefined);
  }
});

test("judge() takes the counts of a run that ended well", () => {
  assert.deepEqual(judge(counts(3, 0, 1), ENDED_WELL), { counts: counts(3, 0, 1) });
});

test("judge() fails a run without a summary, without a test, or with a bad exit code", () => {
  assert.equal(judge(undefined, ENDED_WELL).counts.failed, 1);
  assert.equal(judge(counts(0, 0, 0), ENDED_WELL).counts.failed, 1);
  assert.equal(judge(counts(0, 0, 5), ENDED_WELL).counts.failed, 1);
  assert.equal(judge(counts(4, 0, 0), { code: 1, timedOut: false }).counts.failed, 1);
  assert.equal(judge(counts(4, 0, 0), { code: 0, timedOut: true }).counts.failed, 1);
});

test("judge() never hides failures that were counted", () => {
  assert.equal(judge(counts(4, 3, 0), { code: -1, timedOut: true }).counts.failed, 3);
});

test("formatSummary() ends with exactly the line that a machine reads", () => {
  const text = formatSummary([
    { name: "deno", counts: counts(120, 0, 3), seconds: 12.34 },
    { name: "interop", counts: counts(0, 0, 1), seconds: 0, note: "cargo is not installed" },
    { name: "node", counts: counts(7, 2, 0), seconds: 100 },
  ]);
  assert.equal(
    text,
    [
      "part     passed  failed  skipped  seconds",
      "deno        120       0        3     12.3",
      "interop       0       0        1      0.0  cargo is not installed",
      "node          7       2        0    100.0",
      "",
      "127 passed, 2 failed, 4 skipped",
    ].join("\n"),
  );
});

test("isAtLeast() compares versions by their numbers", () => {
  for (const version of ["v22.18.0\n", "v22.100.1", "v24.0.0", "100.0.0"]) {
    assert.equal(isAtLeast(version, [22, 18]), true, version);
  }
  for (const version of ["v22.17.9", "v20.20.2", "3.99.0", "", "no version"]) {
    assert.equal(isAtLeast(version, [22, 18]), false, version);
  }
});
