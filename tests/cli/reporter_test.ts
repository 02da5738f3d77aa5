import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/cli/failure.ts";
import { Reporter } from "../../src/cli/reporter.ts";

/** A reporter that writes into a list, on a clock that the test sets. */
function recording(options: { json?: boolean; color?: boolean } = {}) {
  const written: string[] = [];
  const clock = { now: 0 };
  const reporter = new Reporter({
    write: (text) => written.push(text),
    json: options.json ?? false,
    color: options.color ?? false,
    now: () => clock.now,
  });
  return { reporter, written, clock };
}

test("event() tells people the text and programs the fields", () => {
  const people = recording();
  people.reporter.event("peer", { address: "h:1" }, "+ peer h:1");
  people.reporter.event("opened", { stream: 1 });
  assert.deepEqual(people.written, ["+ peer h:1\n"]);
  const programs = recording({ json: true });
  programs.reporter.event("peer", { address: "h:1" }, "+ peer h:1");
  programs.reporter.event("opened", { stream: 1 });
  programs.reporter.say("hello");
  assert.deepEqual(programs.written, [
    '{"event":"peer","address":"h:1"}\n',
    '{"event":"opened","stream":1}\n',
  ]);
});

test("fail() shows the message and below it every way out", () => {
  const { reporter, written } = recording();
  reporter.fail(
    new Failure("no-answer", "no answer", [
      { cause: "short", remedy: "do this" },
      { cause: "rather long", remedy: "do that" },
      { remedy: "or this" },
    ]),
  );
  assert.deepEqual(written, [
    "error: no answer\n" +
    "  A sosistab server stays silent to strangers, so this is one of:\n" +
    "  · short        → do this\n" +
    "  · rather long  → do that\n" +
    "  → or this\n",
  ]);
});

test("fail() gives programs the kind, the exit code and the advice", () => {
  const { reporter, written } = recording({ json: true });
  reporter.fail(new Failure("local", "port in use", [{ remedy: "another" }]));
  assert.deepEqual(JSON.parse(written[0]!), {
    event: "error",
    kind: "local",
    exit: 5,
    message: "port in use",
    advice: [{ remedy: "another" }],
  });
});

test("done() counts time from begin() on, and the rate of the busier direction", () => {
  const { reporter, written, clock } = recording({ json: true });
  clock.now = 60_000;
  reporter.begin();
  clock.now = 61_000;
  reporter.begin();
  reporter.count("sent", 1_000_000);
  reporter.count("received", 250_000);
  reporter.count("sent", 1_500_000);
  clock.now = 62_000;
  reporter.done(4);
  assert.deepEqual(JSON.parse(written[0]!), {
    event: "done",
    exit: 4,
    bytes_sent: 2_500_000,
    bytes_received: 250_000,
    seconds: 2,
    mbit_s: 10,
  });
});

test("done() says nothing to people, whom sayTotal() tells", () => {
  const { reporter, written, clock } = recording();
  reporter.begin();
  reporter.count("sent", 1_048_576);
  clock.now = 500;
  reporter.done(0);
  reporter.sayTotal();
  assert.deepEqual(written, ["closed    sent 1.0 MiB, received 0 B in 0.50 s, 17 Mbit/s\n"]);
});

test("colours appear only where they may", () => {
  const plain = recording();
  const colored = recording({ color: true });
  for (const { reporter } of [plain, colored]) reporter.warn("mind this", "do that");
  assert.deepEqual(plain.written, ["warning: mind this\n  → do that\n"]);
  assert.ok(colored.written[0]?.startsWith("\x1b[33mwarning:\x1b[39m mind this"));
});
