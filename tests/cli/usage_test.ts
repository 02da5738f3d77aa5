import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { type Outcome, withWorkbench } from "../support/cli_program.ts";

const KEY = "y".repeat(51) + "a";

function text({ stdout }: Outcome): string {
  return new TextDecoder().decode(stdout);
}

test(
  "sosistab alone prints a short help on stdout and ends with 0",
  withWorkbench(async (bench) => {
    const outcome = await bench.run([]);
    assert.equal(outcome.code, 0);
    assert.match(text(outcome), /^Usage: sosistab .*Try it:\n {2}demo/s);
    assert.ok(text(outcome).split("\n").length < 35);
    assert.equal(outcome.stderr, "");
  }),
);

test(
  "help COMMAND shows defaults and the names of the environment",
  withWorkbench(async (bench) => {
    const connect = await bench.run(["help", "connect"]);
    assert.equal(connect.code, 0);
    const words = text(connect).replace(/\s+/g, " ");
    assert.match(words, /how long to wait for an answer \(default: 10\)/);
    assert.match(words, /\(env: SOSISTAB_URL\)/);
    assert.match(text(await bench.run(["listen", "--help"])), /\(env:\s+SOSISTAB_KEY\)/);
  }),
);

test(
  "version tells program, runtime and protocol",
  withWorkbench(async (bench) => {
    const outcome = await bench.run(["version"]);
    assert.match(text(outcome), /^sosistab \d+\.\d+\.\d+ \((deno|bun|node), protocol 3\)\n$/);
    assert.equal(text(await bench.run(["--version"])), text(outcome));
  }),
);

test(
  "a mistyped command or option is told with what may have been meant, and ends with 2",
  withWorkbench(async (bench) => {
    const command = await bench.run(["lisen"]);
    assert.equal(command.code, 2);
    assert.match(command.stderr, /^error: unknown command 'lisen'\n {2}→ Did you mean listen\?\n/);
    const option = await bench.run(["connect", "--timout", "3"]);
    assert.equal(option.code, 2);
    assert.match(option.stderr, /unknown option '--timout'\n {2}→ Did you mean --timeout\?\n/);
  }),
);

test(
  "a bad address, target, port, time, info, transport or proxy ends with 2 and an example",
  withWorkbench(async (bench) => {
    for (
      const args of [
        ["listen", "1.2.3.4:99999"],
        ["listen", "--to", "nowhere"],
        ["connect", "x", "-L", "8080x"],
        ["connect", "x", "--timeout", "0"],
        ["connect", "x", "--info", "i".repeat(1025)],
        ["connect", "x", "--transport", "sctp"],
        ["connect", "x", "--proxy", "ftp://h:1"],
        ["connect", "x", "--proxy", "socks5://h:1", "--transport", "udp"],
        ["ping", "x", "--count", "0"],
        ["url", ":0"],
        ["listen", ":1", "excess"],
      ]
    ) {
      const outcome = await bench.run(args);
      assert.equal(outcome.code, 2, args.join(" "));
      assert.match(outcome.stderr, /^error: [^\n]+\n/, args.join(" "));
    }
  }),
);

test(
  "a bad URL is told without the key in it, and ends with 2",
  withWorkbench(async (bench) => {
    for (const url of [`sosistab://${KEY}@`, `sosistab://${KEY}x@h:1`, `${KEY}@h:1`]) {
      const { code, stderr } = await bench.run(["connect", url]);
      assert.equal(code, 2);
      assert.match(stderr, /^error: bad URL: [^\n]+\n {2}→ copy the whole line that sosistab url/);
      assert.ok(!stderr.includes(KEY));
    }
  }),
);

test(
  "connect without a URL says where one may stand, and ends with 2",
  withWorkbench(async (bench) => {
    const { code, stderr } = await bench.run(["connect"]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: no URL to connect to\n.*SOSISTAB_URL/s);
  }),
);

test(
  "connect takes the URL from SOSISTAB_URL, from @FILE and from stdin",
  withWorkbench(async (bench) => {
    const url = "sosistab://short@h:1";
    const expected = /^error: bad URL: the key in a sosistab URL is 52 characters/;
    writeFileSync(bench.path("url"), url + "\n");
    const runs = [
      bench.run(["connect"], { env: { SOSISTAB_URL: url } }),
      bench.run(["connect", `@${bench.path("url")}`]),
      bench.run(["connect"], { env: { SOSISTAB_URL: `@${bench.path("url")}` } }),
      bench.run(["connect", "-"], { stdin: url + "\n" }),
    ];
    for (const outcome of await Promise.all(runs)) assert.match(outcome.stderr, expected);
  }),
);

test(
  "a file that cannot be read ends with 5, for connect and for demo",
  withWorkbench(async (bench) => {
    mkdirSync(bench.path("dir"));
    const missing = await bench.run(["connect", `@${bench.path("none")}`]);
    assert.equal(missing.code, 5);
    assert.match(missing.stderr, /^error: cannot read .*none: there is no such file\n {2}→ /);
    const directory = await bench.run(["demo", bench.path("dir")]);
    assert.equal(directory.code, 5);
    assert.match(directory.stderr, /^error: cannot read .*dir: it is a directory\n {2}→ /);
  }),
);

test(
  "usage errors are JSON lines too when asked for",
  withWorkbench(async (bench) => {
    const program = bench.start(["lisen", "--json"]);
    assert.equal((await program.ended).code, 2);
    const [error, done] = program.events;
    assert.deepEqual([error?.event, error?.kind, error?.exit], ["error", "usage", 2]);
    assert.deepEqual([done?.event, done?.exit], ["done", 2]);
  }),
);

test(
  "completions prints a script for each shell, and the scripts' questions are answered",
  withWorkbench(async (bench) => {
    for (const shell of ["bash", "zsh", "fish", "powershell"]) {
      const outcome = await bench.run(["completions", shell]);
      assert.equal(outcome.code, 0);
      assert.match(text(outcome), /sosistab/);
    }
    assert.match(text(await bench.run(["complete", "--", "li"])), /^listen\t/m);
    const transports = await bench.run(["complete", "--", "connect", "--transport", ""]);
    assert.match(text(transports), /^auto\t\nudp\t\ntcp\t\ntls\t\n/);
    assert.equal((await bench.run(["completions", "tcsh"])).code, 2);
  }),
);
