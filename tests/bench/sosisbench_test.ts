import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { RUNTIME } from "../support/current_host.ts";
import { runCommand, type RunResult } from "../support/run_command.ts";

const SCRIPT = fileURLToPath(new URL("../../bench/sosisbench.ts", import.meta.url));
const COMMAND = RUNTIME === "deno"
  ? ["run", "-A", "--no-check", "--unstable-net", SCRIPT]
  : [SCRIPT];

/** A run that takes longer has hung, ms. */
const MOST_TIME = 60_000;

function run(...args: string[]): Promise<RunResult> {
  return runCommand(process.execPath, [...COMMAND, ...args], { timeout: MOST_TIME });
}

/** What a client prints that has read for a second. */
const SUCCESS =
  /Session established in \d+\.\d ms\n[^]*RelConn established in \d+\.\d ms\n[^]*downloaded \d+\.\d\d MB in [1-9]\d*\.\d\d secs \(\d+\.\d\d Mbps, \d+\.\d{3} MB\/s\)\ngot \d+ buffers\n/;

for (const protocol of [[], ["--use-tcp"]]) {
  const name = protocol.length === 0 ? "UDP" : "TCP";

  test(`sosisbench: a client downloads from a server in another process, over ${name}`, async () => {
    const server = spawn(process.execPath, [...COMMAND, "server", "--listen", "127.0.0.1:0"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = new Promise((resolve) => server.once("close", resolve));
    try {
      let said = "";
      const address = await new Promise<string>((resolve, reject) => {
        server.stderr.setEncoding("utf8").on("data", (text: string) => {
          const where = /listening at (\S+)\n/.exec(said += text)?.[1];
          if (where !== undefined) resolve(where);
        });
        server.once("close", () => reject(new Error(`the server has ended; it said: ${said}`)));
      });
      const client = await run("client", "--connect", address, "--seconds", "1", ...protocol);
      assert.equal(client.code, 0, client.output);
      assert.match(client.output, SUCCESS);
      assert.match(said, /accepted session 1\naccepted connection for session 1\n/);
    } finally {
      server.kill("SIGKILL");
      await ended;
    }
  });

  test(`sosisbench: a self-test plays both roles, and ends by itself, over ${name}`, async () => {
    const { code, output } = await run("selftest", "--seconds", "1", ...protocol);
    assert.equal(code, 0, output);
    assert.match(output, SUCCESS);
  });
}

test("sosisbench says what is wrong with its arguments", async () => {
  for (
    const [args, message] of [
      [[], "the role must be server, client or selftest"],
      [["client"], "--connect must be HOST:PORT"],
      [["server", "--listen", "here"], "--listen must be HOST:PORT"],
      [["selftest", "--seconds", "none"], '--seconds must be a number above 0, got "none"'],
    ] as const
  ) {
    const { code, output } = await run(...args);
    assert.equal(code, 1);
    assert.match(output, new RegExp(`sosisbench: ${message.replace(/[.?]/g, "\\$&")}\\n`));
  }
});
