import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProgress, Progress } from "../../src/cli/progress.ts";
import { Reporter } from "../../src/cli/reporter.ts";

const MIB = 1024 * 1024;

test("formatProgress() shows part, amount, rate and the time that is left", () => {
  assert.equal(
    formatProgress(8 * MIB, 32 * MIB, 2, false),
    "   25 %  8.0 MiB of 32.0 MiB  34 Mbit/s  6 s left",
  );
  assert.equal(
    formatProgress(16 * MIB, 32 * MIB, 1, true),
    `  ${"█".repeat(15)}${"░".repeat(15)}  50 %  16.0 MiB of 32.0 MiB  134 Mbit/s  1 s left`,
  );
});

test("formatProgress() claims nothing that it cannot know", () => {
  assert.equal(formatProgress(MIB, undefined, 1, true), "  1.0 MiB  8.4 Mbit/s");
  assert.doesNotMatch(formatProgress(0, MIB, 1, false), /left|NaN|Infinity/);
  assert.match(formatProgress(0, 0, 0, false), /100 %/);
});

test("Progress writes a line a second where it cannot redraw", () => {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const reporter = new Reporter({ write, json: false, color: false, now: () => 0 });
  const progress = new Progress({ reporter, total: 100 * MIB, redraw: undefined });
  for (let seconds = 0; seconds <= 3; seconds += 0.05) progress.update(seconds * MIB, seconds);
  assert.ok(written.length >= 2 && written.length <= 3, `${written.length} lines`);
});

test("Progress redraws a bar ten times a second on a terminal, and takes it away", () => {
  const drawn: string[] = [];
  const reporter = new Reporter({ write: () => {}, json: false, color: false, now: () => 0 });
  const redraw = (line: string) => drawn.push(line);
  const progress = new Progress({ reporter, total: 100 * MIB, redraw });
  for (let i = 0; i <= 200; i++) progress.update(i * MIB, i / 100);
  assert.ok(drawn.length >= 15 && drawn.length <= 20, `${drawn.length} times`);
  progress.end();
  assert.equal(drawn.at(-1), "");
});
