import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { RUNTIME } from "../../src/cli/host.ts";
import {
  type Program,
  type StartOptions,
  withWorkbench,
  type Workbench,
} from "../support/cli_program.ts";

const MEGABYTE = 1_000_000;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Starts a listener that tells events, and finds its URL. */
async function listening(
  bench: Workbench,
  options: StartOptions = {},
): Promise<{ program: Program; url: string }> {
  const program = bench.start(["listen", "127.0.0.1:0", "--json"], options);
  const { url } = await program.event("listening");
  return { program, url: String(url) };
}

test(
  "listen and connect carry stdin to stdout both ways at once, and both end with 0",
  withWorkbench(async (bench) => {
    const there = randomBytes(3 * MEGABYTE);
    const here = randomBytes(2 * MEGABYTE);
    const { program, url } = await listening(bench, { stdin: there });
    const outcome = await bench.run(["connect", url], { stdin: here });
    const other = await program.ended;
    assert.deepEqual([outcome.code, other.code], [0, 0], outcome.stderr + other.stderr);
    assert.equal(sha256(outcome.stdout), sha256(there));
    assert.equal(sha256(other.stdout), sha256(here));
  }),
);

test(
  "listen with an empty stdin only receives",
  withWorkbench(async (bench) => {
    const data = randomBytes(MEGABYTE);
    const { program, url } = await listening(bench);
    const outcome = await bench.run(["connect", url], { stdin: data });
    const other = await program.ended;
    assert.deepEqual([outcome.code, outcome.stdout.length, other.code], [0, 0, 0]);
    assert.equal(sha256(other.stdout), sha256(data));
  }),
);

test(
  "connect with an empty stdin only receives",
  withWorkbench(async (bench) => {
    const data = randomBytes(MEGABYTE);
    const { program, url } = await listening(bench, { stdin: data });
    const outcome = await bench.run(["connect"], { env: { SOSISTAB_URL: url } });
    assert.deepEqual([outcome.code, (await program.ended).code], [0, 0]);
    assert.equal(sha256(outcome.stdout), sha256(data));
  }),
);

test(
  "connect reads the URL and nothing else from stdin when it is told -",
  withWorkbench(async (bench) => {
    const { program, url } = await listening(bench, { stdin: "hello" });
    const outcome = await bench.run(["connect", "-"], { stdin: `${url}\n` });
    assert.equal(new TextDecoder().decode(outcome.stdout), "hello");
    assert.equal((await program.ended).stdout.length, 0);
  }),
);

test(
  "one direction may end long before the other, and its end is passed on at once",
  withWorkbench(async (bench) => {
    const { program, url } = await listening(bench, { stdin: "open" });
    const client = bench.start(["connect", url], { stdin: "open" });
    await program.event("opened");
    await program.write("first");
    program.endInput();
    await client.hasWritten(5);
    // Deno cannot close stdout: the reader behind it learns of the end later.
    if (RUNTIME !== "deno") await client.hasClosedStdout();
    await client.write("after the end of the other direction");
    await program.hasWritten(36);
    client.endInput();
    const [here, there] = await Promise.all([client.ended, program.ended]);
    assert.deepEqual([here.code, there.code], [0, 0]);
    assert.equal(new TextDecoder().decode(here.stdout), "first");
  }),
);

test(
  "single bytes arrive without waiting for more",
  withWorkbench(async (bench) => {
    const { program, url } = await listening(bench, { stdin: "open" });
    const client = bench.start(["connect", url], { stdin: "open" });
    await program.event("opened");
    for (let i = 1; i <= 5; i++) {
      await client.write("x");
      await program.hasWritten(i);
      await program.write("y");
      await client.hasWritten(i);
    }
    client.endInput();
    program.endInput();
    assert.deepEqual([(await client.ended).code, (await program.ended).code], [0, 0]);
  }),
);

test(
  "--info tells the listener what the stream is about",
  withWorkbench(async (bench) => {
    const { program, url } = await listening(bench);
    await bench.run(["connect", url, "--info", "báckup"]);
    assert.equal((await program.event("opened")).info, "báckup");
    await program.ended;
  }),
);

test(
  "--json tells events and last what was done, one object a line, on both sides",
  withWorkbench(async (bench) => {
    const { program, url } = await listening(bench);
    const client = bench.start(["connect", url, "--json"], { stdin: "12345" });
    assert.deepEqual([(await client.ended).code, (await program.ended).code], [0, 0]);
    const names = (events: Program["events"]) => events.map(({ event }) => event);
    assert.deepEqual(names(program.events), [
      "key",
      "listening",
      "peer",
      "opened",
      "closed",
      "refused",
      "done",
    ]);
    assert.deepEqual(names(client.events), ["connecting", "connected", "opened", "closed", "done"]);
    const done = program.events.at(-1)!;
    assert.deepEqual([done.exit, done.bytes_sent, done.bytes_received], [0, 0, 5]);
    assert.ok(typeof done.seconds === "number" && typeof done.mbit_s === "number");
  }),
);

test(
  "listen prints the line to paste on the other side, and says nothing on stdout",
  withWorkbench(async (bench) => {
    const program = bench.start(["listen", "127.0.0.1:0", "--host", "home.example"]);
    await program.says(/--qr\)\n/);
    assert.match(
      program.stderr,
      /^key {7}made .+\nlistening udp\+tcp 127\.0\.0\.1:\d+ {3}joined to/,
    );
    assert.match(
      program.stderr,
      /On the other machine:\n {2}sosistab connect 'sosistab:\/\/[a-z2-7]{52}@home\.example:\d+'\n/,
    );
    const pasted = /\(as a QR code: sosistab (url 127\.0\.0\.1:\d+ --host home\.example) --qr\)\n$/
      .exec(program.stderr);
    const printed = await bench.run(pasted![1]!.split(" "));
    assert.ok(program.stderr.includes(`'${new TextDecoder().decode(printed.stdout).trim()}'`));
    program.kill("SIGINT");
    assert.equal((await program.ended).stdout.length, 0);
  }),
);

test(
  "the secret key appears in no output of either side",
  withWorkbench(async (bench) => {
    const { program, url } = await listening(bench, { stdin: "x" });
    const outcome = await bench.run(["connect", url]);
    const { stderr, stdout } = await program.ended;
    const secret = readFileSync(bench.path("sosistab/key"), "utf8").trim();
    const decoder = new TextDecoder();
    const all = [stderr, outcome.stderr, decoder.decode(stdout), decoder.decode(outcome.stdout)];
    assert.equal(secret.length, 52);
    assert.ok(!all.join("").includes(secret));
  }),
);

test(
  "who comes second is refused at once while the first goes on",
  withWorkbench(async (bench) => {
    const { program, url } = await listening(bench, { stdin: "open" });
    const first = bench.start(["connect", url], { stdin: "open" });
    await program.event("opened");
    const second = await bench.run(["connect", url]);
    assert.equal(second.code, 4);
    assert.match(second.stderr, /\nerror: connection lost: the other side cut it off\n/);
    assert.match(second.stderr, /\n {2}· it serves somebody else already +→ start another/);
    await program.event("warning");
    await first.write("still here");
    await program.hasWritten(10);
    first.endInput();
    program.endInput();
    assert.deepEqual([(await first.ended).code, (await program.ended).code], [0, 0]);
  }),
);

test(
  "a reader that closes the output ends the program quietly",
  withWorkbench(async (bench) => {
    const { program, url } = await listening(bench, { stdin: "open" });
    const client = bench.start(["connect", url], { stdin: "open" });
    await program.event("opened");
    await program.write("a line\n");
    await client.hasWritten(7);
    client.closeOutput();
    for (let i = 0; i < 20; i++) await program.write(new Uint8Array(65_536));
    const { code, stderr } = await client.ended;
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /error|EPIPE/);
    assert.equal((await program.ended).code, 4);
  }),
);
