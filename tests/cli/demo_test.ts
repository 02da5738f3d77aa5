import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { type Event, isAlive, withWorkbench } from "../support/cli_program.ts";

test(
  "demo sends a file between two processes, and both ends have its SHA-256",
  withWorkbench(async (bench) => {
    const data = randomBytes(300_000);
    writeFileSync(bench.path("data"), data);
    const program = bench.start(["demo", bench.path("data"), "--json"]);
    assert.equal((await program.ended).code, 0);
    const result = await program.event("result");
    const sha256 = createHash("sha256").update(data).digest("hex");
    assert.deepEqual(
      [result.equal, result.sha256_sent, result.sha256_received],
      [true, sha256, sha256],
    );
    const done = program.events.at(-1)!;
    assert.deepEqual([done.exit, done.bytes_sent, done.bytes_received], [0, 300_000, 300_000]);
  }),
);

test(
  "demo says in plain words what happened, and where to go on",
  withWorkbench(async (bench) => {
    writeFileSync(bench.path("data"), "x".repeat(1000));
    const { code, stderr } = await bench.run(["demo", bench.path("data")]);
    assert.equal(code, 0);
    const parts = [
      /^Two processes on this machine talk over UDP/,
      /\nsending {3}1000 B, /,
      /\nreceived {2}1000 B in \d+\.\d+ s, [\d.]+ Mbit\/s\n/,
      /\nSHA-256 {3}[0-9a-f]{64}\n +the same at both ends/,
      /encrypted packets/,
      /there\$ sosistab listen > copy\n/,
    ];
    for (const part of parts) assert.match(stderr, part);
    // Colours and bars are for terminals.
    assert.ok(!stderr.includes("\x1b") && !stderr.includes("\r"));
  }),
);

test(
  "demo sends an empty file too",
  withWorkbench(async (bench) => {
    writeFileSync(bench.path("data"), "");
    const { code, stderr } = await bench.run(["demo", bench.path("data")]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /\nreceived {2}0 B in /);
  }),
);

test(
  "demo leaves neither a process nor a file behind when it is stopped",
  withWorkbench(async (bench) => {
    const env = { TMPDIR: bench.directory };
    const program = bench.start(["demo", "--json"], { env });
    const sending: Event = await program.event("sending");
    const { server_pid, client_pid } = sending;
    assert.ok(isAlive(Number(server_pid)) && isAlive(Number(client_pid)));
    program.kill("SIGTERM");
    assert.equal((await program.ended).code, 143);
    assert.ok(!isAlive(Number(server_pid)) && !isAlive(Number(client_pid)));
    assert.deepEqual(readdirSync(bench.directory), []);
  }),
);

test(
  "demo ends its processes even when it is killed itself",
  withWorkbench(async (bench) => {
    const program = bench.start(["demo", "--json"]);
    const { server_pid, client_pid } = await program.event("sending");
    program.kill("SIGKILL");
    await program.ended;
    for (let i = 0; i < 500 && (isAlive(Number(server_pid)) || isAlive(Number(client_pid))); i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok(!isAlive(Number(server_pid)) && !isAlive(Number(client_pid)));
  }),
);
