import { test } from "node:test";
import assert from "node:assert/strict";
import { runCommand } from "./support/run_command.ts";

const SHORT = { timeout: 20_000 };

test("runCommand() returns the exit code and all output", async () => {
  const parts: string[] = [];
  const result = await runCommand("sh", ["-c", "echo out; echo err >&2; exit 3"], {
    ...SHORT,
    onOutput: (text) => void parts.push(text),
  });
  assert.deepEqual([result.code, result.missing, result.timedOut], [3, false, false]);
  assert.deepEqual(result.output.split("\n").sort(), ["", "err", "out"]);
  assert.equal(parts.join(""), result.output);
});

test("runCommand() hands over a folder and variables", async () => {
  const { output } = await runCommand("sh", ["-c", 'pwd; echo "$WORD"'], {
    ...SHORT,
    cwd: "/",
    env: { WORD: "hello" },
  });
  assert.equal(output, "/\nhello\n");
});

test("runCommand() says that a command is missing", async () => {
  const { code, missing } = await runCommand("sosistab-no-such-command", [], SHORT);
  assert.deepEqual([code, missing], [-1, true]);
});

test("runCommand() kills what takes too long, with all that it started", async () => {
  const start = performance.now();
  const { code, timedOut } = await runCommand("sh", ["-c", "sleep 60 & wait"], { timeout: 300 });
  assert.deepEqual([code, timedOut], [-1, true]);
  // The pipe of its output is closed when the last process that holds it has ended.
  assert.ok(performance.now() - start < 30_000);
});
