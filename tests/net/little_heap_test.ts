/**
 * F-MEM: a process that has little memory, and much to do.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RUNTIME } from "../support/current_host.ts";
import { runCommand } from "../support/run_command.ts";

/** A quarter of L-STREAM, 50 sessions with 200 streams each; but less of each stream, for time. */
const SESSIONS = 13;
const STREAMS = 200;
const BYTES = 4_096;

const name = "F-MEM: with --max-old-space-size=128, 2,600 streams of 4 KB each are echoed whole";

if (RUNTIME !== "node") test(name, { skip: "only Node lets its heap be bounded" }, () => {});
else {
  test(name, async () => {
    const program = fileURLToPath(new URL("../support/crowded_echo.ts", import.meta.url));
    const args = ["--max-old-space-size=128", program, ...[SESSIONS, STREAMS, BYTES].map(String)];
    const { code, output } = await runCommand(process.execPath, args, { timeout: 240_000 });
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`${SESSIONS * STREAMS} of ${SESSIONS * STREAMS} good`));
  });
}
