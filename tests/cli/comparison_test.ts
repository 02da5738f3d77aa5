import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { type Event, isAlive, withWorkbench } from "../support/cli_program.ts";

/** What a result says of one flow. */
function flow(result: Event, name: "plain" | "sosistab"): Record<string, number> {
  return result[name] as Record<string, number>;
}

test(
  "demo --loss shows what plain UDP loses on that link, and how little sosistab does",
  withWorkbench(async (bench) => {
    const args = ["demo", "--loss", "20", "--delay", "10", "--seconds", "3", "--json"];
    const program = bench.start(args);
    assert.equal((await program.ended).code, 0);
    const { loss, delay_ms, seconds } = await program.event("comparing");
    assert.deepEqual([loss, delay_ms, seconds], [0.2, 10, 3]);
    const result = await program.event("result");
    const [plain, sosistab] = [flow(result, "plain"), flow(result, "sosistab")];
    assert.equal(plain.messages, 750);
    assert.equal(sosistab.messages, 750);
    for (const { wire_loss } of [plain, sosistab]) {
      assert.ok(wire_loss! > 0.12 && wire_loss! < 0.28, `the links lost ${wire_loss}`);
    }
    // Nobody repairs plain UDP.
    const lost = plain.messages_lost! / plain.messages!;
    assert.ok(Math.abs(lost - plain.wire_loss!) < 0.04, `${lost} of ${plain.wire_loss}`);
    // As small a part of it as can be told for sure in three seconds, the first included.
    const repaired = sosistab.messages_lost! / sosistab.messages!;
    assert.ok(repaired < lost / 2, `${repaired} instead of ${lost}`);
    assert.ok(Number(result.overhead) > 0.1, `at ${result.overhead}`);
    assert.match(String(result.repair), /parity/);
    assert.ok(plain.delay_p99_ms! >= 10);
    assert.ok(Number(result.rtt_ms) >= 20);
    assert.ok(program.events.filter(({ event }) => event === "picture").length >= 2);
  }),
);

test(
  "demo --delay alone compares on a link that loses 10 %, in lines for people",
  withWorkbench(async (bench) => {
    const { code, stderr } = await bench.run(["demo", "--delay", "5", "--seconds", "2"]);
    assert.equal(code, 0, stderr);
    const parts = [
      /^Between two processes is .+ loses 10 % of all packets and takes 5 ms each way\.\n/,
      /\n {3}1 s {3}plain UDP lost .+ %/,
      /\nplain UDP {2}lost \d+ of 500 messages /,
      /\nsosistab {3}lost \d+ of 500 messages /,
      /\nWhat happened: /,
    ];
    for (const part of parts) assert.match(stderr, part);
    assert.ok(!stderr.includes("\x1b") && !stderr.includes("\r"));
  }),
);

test(
  "demo --max-age 200 costs less, since what is lost is repaired when it is missed",
  withWorkbench(async (bench) => {
    const args = ["demo", "--loss", "20", "--delay", "10", "--seconds", "3", "--json"];
    const [soon, late] = await Promise.all([
      bench.start(args).event("result"),
      bench.start([...args, "--max-age", "200"]).event("result"),
    ]);
    assert.ok(Number(late.overhead) < 0.8 * Number(soon.overhead));
    const { messages_lost, messages } = flow(late, "sosistab");
    assert.ok(messages_lost! < messages! / 10, `${messages_lost} lost`);
  }),
);

test(
  "demo FILE --loss sends the file over such a link, and says what the link lost",
  withWorkbench(async (bench) => {
    writeFileSync(bench.path("data"), new Uint8Array(200_000).map((_, i) => i * 7));
    const args = ["demo", bench.path("data"), "--loss", "5", "--delay", "5", "--json"];
    const program = bench.start(args);
    assert.equal((await program.ended).code, 0);
    assert.equal((await program.event("result")).equal, true);
    const { packets, packets_lost } = await program.event("link");
    assert.ok(Number(packets) > 150 && Number(packets_lost) > 0, `${packets_lost} of ${packets}`);
  }),
);

test(
  "demo ends its processes when the comparison is stopped",
  withWorkbench(async (bench) => {
    const program = bench.start(["demo", "--loss", "10", "--json"]);
    const { sender_pid, receiver_pid } = await program.event("comparing");
    assert.ok(isAlive(Number(sender_pid)) && isAlive(Number(receiver_pid)));
    program.kill("SIGTERM");
    assert.equal((await program.ended).code, 143);
    assert.ok(!isAlive(Number(sender_pid)) && !isAlive(Number(receiver_pid)));
  }),
);

test(
  "demo ends the processes of a comparison even when it is killed itself",
  withWorkbench(async (bench) => {
    const program = bench.start(["demo", "--loss", "10", "--json"]);
    const { sender_pid, receiver_pid } = await program.event("comparing");
    program.kill("SIGKILL");
    await program.ended;
    const pids = [Number(sender_pid), Number(receiver_pid)];
    for (let i = 0; i < 500 && pids.some(isAlive); i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok(!pids.some(isAlive));
  }),
);

test(
  "demo refuses a link that there cannot be, with the way out, and ends with 2",
  withWorkbench(async (bench) => {
    const refused = [
      ["--loss", "120", '"120" is no loss that a link can have here'],
      ["--loss", "-1", '"-1" is no loss that a link can have here'],
      ["--loss", "abc", '"abc" is no loss that a link can have here'],
      ["--loss", "", '"" is no loss that a link can have here'],
      ["--delay", "-3", '"-3" is no delay that a link can have here'],
      ["--delay", "1e9", '"1e9" is no delay that a link can have here'],
      ["--max-age", "soon", '"soon" is no age that a message can have here'],
      ["--seconds", "0", '"0" is no number of seconds'],
    ] as const;
    for (const [option, value, message] of refused) {
      const { code, stderr } = await bench.run(["demo", option, value]);
      assert.equal(code, 2, `${option} ${value}`);
      assert.match(stderr, /^error: [^\n]+\n {2}→ write [^\n]+\n$/);
      assert.ok(stderr.startsWith(`error: ${message}\n`), stderr);
    }
    const { code, stderr } = await bench.run(["demo", bench.path("data"), "--seconds", "5"]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: --seconds goes with the comparison, which sends no file\n {2}→ /);
  }),
);
