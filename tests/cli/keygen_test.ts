import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { type Outcome, withWorkbench } from "../support/cli_program.ts";

const KEY = /^[a-z2-7]{52}\n$/;

function text({ stdout }: Outcome): string {
  return new TextDecoder().decode(stdout);
}

test(
  "keygen prints the public key, 52 characters, and keeps the secret one in a file of mode 0600",
  withWorkbench(async (bench) => {
    const file = bench.path("mine");
    const outcome = await bench.run(["keygen", file]);
    assert.equal(outcome.code, 0);
    assert.match(text(outcome), KEY);
    const secret = readFileSync(file, "utf8");
    assert.match(secret, KEY);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(!(text(outcome) + outcome.stderr).includes(secret.trim()));
  }),
);

test(
  "keygen takes the default key file, in directories of mode 0700, when it is told none",
  withWorkbench(async (bench) => {
    const state = bench.path("new/state");
    const outcome = await bench.run(["keygen"], { env: { XDG_STATE_HOME: state } });
    assert.equal(outcome.code, 0);
    const file = `${state}/sosistab/key`;
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
  }),
);

test(
  "keygen refuses to overwrite a file, and ends with 5",
  withWorkbench(async (bench) => {
    const file = bench.path("mine");
    await bench.run(["keygen", file]);
    const before = readFileSync(file, "utf8");
    const outcome = await bench.run(["keygen", file]);
    assert.equal(outcome.code, 5);
    assert.equal(text(outcome), "");
    assert.match(outcome.stderr, /exists already, and a key is never overwritten\n/);
    assert.match(outcome.stderr, /→ sosistab url --key/);
    assert.equal(readFileSync(file, "utf8"), before);
  }),
);

test(
  "keygen names the way out where it may not write, and ends with 5",
  withWorkbench(async (bench) => {
    writeFileSync(bench.path("file"), "");
    const outcome = await bench.run(["keygen", bench.path("file/below/key")]);
    assert.equal(outcome.code, 5);
    assert.match(outcome.stderr, /^error: cannot make the key file .*: .+\n {2}→ choose a place/);
  }),
);

test(
  "url prints one URL with the public key of the key file, and the address as it was given",
  withWorkbench(async (bench) => {
    const key = text(await bench.run(["keygen", bench.path("k")])).trim();
    const outcome = await bench.run(["url", "[::1]:4321", "--key", bench.path("k")]);
    assert.equal(outcome.code, 0);
    assert.equal(text(outcome), `sosistab://${key}@[::1]:4321\n`);
    assert.equal(outcome.stderr, "");
    const named = await bench.run(["url", "--host", "home.example", "--key", bench.path("k")]);
    assert.equal(text(named), `sosistab://${key}@home.example:4000\n`);
  }),
);

test(
  "url makes the default key on first use, says so once, and takes SOSISTAB_KEY for its file",
  withWorkbench(async (bench) => {
    const first = await bench.run(["url", "127.0.0.1:4000"]);
    assert.equal(first.code, 0);
    assert.match(first.stderr, /^key {7}made .*\/sosistab\/key \(keep it/);
    const second = await bench.run(["url", "127.0.0.1:4000"]);
    assert.deepEqual([text(second), second.stderr], [text(first), ""]);
    const env = { SOSISTAB_KEY: bench.path("sosistab/key"), XDG_STATE_HOME: bench.path("else") };
    assert.equal(text(await bench.run(["url", "127.0.0.1:4000"], { env })), text(first));
  }),
);

test(
  "url --qr draws the URL above it",
  withWorkbench(async (bench) => {
    const outcome = await bench.run(["url", "127.0.0.1", "--qr"]);
    const lines = text(outcome).trimEnd().split("\n");
    assert.ok(lines.length > 15);
    assert.match(lines[5]!, /^[ ▀▄█]+$/);
    assert.match(lines.at(-1)!, /^sosistab:\/\/[a-z2-7]{52}@127\.0\.0\.1:4000$/);
  }),
);

test(
  "a key file that group or others can read is refused, with the way out, and ends with 5",
  withWorkbench(async (bench) => {
    const file = bench.path("k");
    const secret = `${"a".repeat(51)}q`;
    writeFileSync(file, `${secret}\n`, { mode: 0o600 });
    for (const mode of [0o640, 0o604]) {
      chmodSync(file, mode);
      const outcome = await bench.run(["url", "--host", "h", "--key", file]);
      assert.equal(outcome.code, 5);
      assert.equal(text(outcome), "");
      assert.match(outcome.stderr, /^error: others can read the key file .*k, so it is not used\n/);
      assert.match(outcome.stderr, / {2}→ chmod 600 \S*k\n/);
      assert.ok(!outcome.stderr.includes(secret));
    }
    chmodSync(file, 0o600);
    assert.equal((await bench.run(["url", "--host", "h", "--key", file])).code, 0);
  }),
);

test(
  "a bad key file is told without what stands in it, and ends with 2",
  withWorkbench(async (bench) => {
    const file = bench.path("k");
    writeFileSync(file, "abcdefgh-not-a-key\n", { mode: 0o600 });
    const outcome = await bench.run(["url", "--key", file]);
    assert.equal(outcome.code, 2);
    assert.match(outcome.stderr, /is no key file: it must hold one line of 52 characters/);
    assert.ok(!outcome.stderr.includes("abcdefgh"));
  }),
);

test(
  "a key file that was named and is missing, or is a directory, ends with 5 and the way out",
  withWorkbench(async (bench) => {
    const missing = await bench.run(["url", "--key", bench.path("none")]);
    assert.equal(missing.code, 5);
    assert.match(missing.stderr, /there is no such file\n {2}→ make it: sosistab keygen /);
    mkdirSync(bench.path("dir"));
    const directory = await bench.run(["url", "--key", bench.path("dir")]);
    assert.equal(directory.code, 5);
    assert.match(directory.stderr, /^error: cannot read .*: it is a directory\n {2}→ /);
  }),
);

test(
  "url --json tells the key and the URL as JSON lines, and last what was done",
  withWorkbench(async (bench) => {
    const program = bench.start(["url", "127.0.0.1:4000", "--json"]);
    const { code, stdout } = await program.ended;
    assert.equal(code, 0);
    const [key, url, done] = program.events;
    assert.equal(key?.event, "key");
    assert.equal(`${url?.url}\n`, new TextDecoder().decode(stdout));
    assert.deepEqual([done?.event, done?.exit, done?.bytes_sent], ["done", 0, 0]);
  }),
);
