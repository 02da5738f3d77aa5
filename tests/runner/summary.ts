/**
 * How many tests passed, failed and were skipped, read from what a test runner prints at its end.
 *
 * @module
 */

/** Numbers of tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One row of the table: a part of the run, and how it went. */
export interface PartResult {
  readonly name: string;
  readonly counts: Counts;
  readonly seconds: number;
  /** Why it was skipped, or failed as a whole. */
  readonly note?: string;
}

/** Reads the summary of `deno test`: `ok | 7 passed (4 steps) | 0 failed | 1 ignored (12ms)`. */
export function parseDenoSummary(output: string): Counts | undefined {
  const line = lastMatch(output, /^(?:ok|FAILED) \| \d+ passed.*$/gm)?.[0];
  if (line === undefined) return undefined;
  const count = (word: string): number =>
    Number(new RegExp(`(\\d+) ${word}\\b`).exec(line)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

/** Reads the summary of `bun test`: a line each for `pass`, `skip`, `todo` and `fail`. */
export function parseBunSummary(output: string): Counts | undefined {
  const count = (word: string): number | undefined => {
    const match = lastMatch(output, new RegExp(`^ *(\\d+) ${word}$`, "gm"));
    return match && Number(match[1]);
  };
  const passed = count("pass");
  const failed = count("fail");
  if (passed === undefined || failed === undefined) return undefined;
  return { passed, failed, skipped: (count("skip") ?? 0) + (count("todo") ?? 0) };
}

/** Reads the summary of `node --test`, of the reporters `spec` (`ℹ pass 7`) and `tap` (`# pass 7`). */
export function parseNodeSummary(output: string): Counts | undefined {
  const count = (word: string): number | undefined => {
    const match = lastMatch(output, new RegExp(`^[ℹ#] ${word} (\\d+)$`, "gm"));
    return match && Number(match[1]);
  };
  const passed = count("pass");
  const failed = count("fail");
  if (passed === undefined || failed === undefined) return undefined;
  return {
    passed,
    failed: failed + (count("cancelled") ?? 0),
    skipped: (count("skipped") ?? 0) + (count("todo") ?? 0),
  };
}

/** What a run came to, as far as its output and its exit code agree. */
export function judge(
  parsed: Counts | undefined,
  { code, timedOut }: { readonly code: number; readonly timedOut: boolean },
): { readonly counts: Counts; readonly note?: string } {
  const counts = parsed ?? { passed: 0, failed: 0, skipped: 0 };
  const failure = (note: string) => ({
    counts: { ...counts, failed: Math.max(counts.failed, 1) },
    note,
  });
  if (timedOut) return failure("took too long");
  if (parsed === undefined) return failure(`printed no summary, exit code ${code}`);
  if (counts.passed + counts.failed === 0) return failure("ran no test");
  if (code !== 0 && counts.failed === 0) return failure(`no test failed, but exit code ${code}`);
  return { counts };
}

/** Adds up what all parts came to. */
export function total(parts: readonly PartResult[]): Counts {
  const sum = (key: keyof Counts): number =>
    parts.reduce((count, part) => count + part.counts[key], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

/** A table of all parts, and as its last line the total: what a machine reads. */
export function formatSummary(parts: readonly PartResult[]): string {
  const rows = [
    ["part", "passed", "failed", "skipped", "seconds", ""],
    ...parts.map(({ name, counts, seconds, note = "" }) => [
      name,
      String(counts.passed),
      String(counts.failed),
      String(counts.skipped),
      seconds.toFixed(1),
      note,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length))
  );
  const lines = rows.map((row) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd()
  );
  const { passed, failed, skipped } = total(parts);
  return [...lines, "", `${passed} passed, ${failed} failed, ${skipped} skipped`].join("\n");
}

function lastMatch(output: string, pattern: RegExp): RegExpMatchArray | undefined {
  // deno-lint-ignore no-control-regex
  return [...output.replace(/\x1b\[[0-9;]*m/g, "").matchAll(pattern)].at(-1);
}
