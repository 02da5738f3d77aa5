import { test } from "node:test";
import assert from "node:assert/strict";
import { L_PPS, L_SHARD } from "../../bench/load/datagram_tests.ts";
import type { Told } from "../../bench/load/program.ts";
import { LoadBench } from "../../bench/load/load_bench.ts";
import { findRuntime } from "../../bench/load/runtimes.ts";
import { L_SESS, L_SESS_MAX } from "../../bench/load/session_tests.ts";
import { formatDeal, keepDeal, parseDeal, Violation } from "../../bench/load/soak_deal.ts";
import type { EndReport } from "../../bench/load/soak_end.ts";
import { leaksOf, memoryCourse, SoakJudge } from "../../bench/load/soak_judge.ts";
import { runSoak } from "../../bench/load/soak_run.ts";
import { L_CHURN, L_STREAM, slopeOf } from "../../bench/load/stream_tests.ts";
import { type AllMeasured, formatTables, missedTargets } from "../../bench/load/table.ts";
import { type Figure, isMet, type LoadTest } from "../../bench/load/test_contract.ts";
import { Waits } from "../../bench/load/waits.ts";
import { RUNTIME } from "../support/current_host.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** The other runtimes are children of Deno in these benches, and each child costs half a second. */
const elsewhere = RUNTIME === "deno" ? {} : { skip: "the load tests are started by Deno alone" };

/** Each test of load as small as it can be. */
const MINIATURES: readonly LoadTest[] = [L_SESS, L_SESS_MAX, L_STREAM, L_CHURN, L_PPS, L_SHARD];
const SIZE = { scale: 0.002, churns: 100_000, seconds: 1 };

/** Whether a target is about what is right, and not about how fast it is or how much memory it takes. */
function isRightness({ most, least, equals, name }: Figure): boolean {
  return equals !== undefined || most === 0 || name === "right" && least !== undefined;
}

for (const one of MINIATURES) {
  test(
    `${one.id} in miniature: all figures are there, and what must be right is`,
    elsewhere,
    async (t) => {
      const runtime = await findRuntime("deno");
      if (typeof runtime === "string") return t.skip(runtime);
      const bench = new LoadBench(runtime, SIZE, () => {});
      const figures = await one.run(bench);
      assert.deepEqual(await bench.close(), []);
      for (const figure of one.figures) {
        assert.ok(
          Number.isFinite(figures[figure.name]),
          `${figure.label}: ${figures[figure.name]}`,
        );
        if (isRightness(figure)) assert.ok(isMet(figure, figures), JSON.stringify(figures));
      }
    },
  );
}

test("SOAK in miniature: nothing is wrong, and nothing is left", elsewhere, async (t) => {
  const runtime = await findRuntime("deno");
  if (typeof runtime === "string") return t.skip(runtime);
  const options = { runtime, length: 3_000, seed: 1, faultInterval: 1_000, onLine: () => {} };
  const { violations, client, faults } = await runSoak(options);
  assert.deepEqual(violations, []);
  assert.ok(client.at(-1)!.streams > 0);
  assert.ok(faults.size > 0);
});

const DEAL = { number: 4_000_000_000, up: 50_000, down: 20_000 };

test("keepDeal() ends well on both sides when every byte is right", async () => {
  const pair = new VirtualPair({ delay: 10, loss: 0.05 });
  const { client, server } = await pair.conns(formatDeal(DEAL));
  const waits = new Waits();
  assert.deepEqual(parseDeal(server.info), DEAL);
  const progress = { sent: 0, received: 0 };
  await pair.run(Promise.all([
    keepDeal(client, DEAL, "client", waits, progress),
    keepDeal(server, parseDeal(server.info), "server", waits),
  ]));
  assert.deepEqual([progress, waits.size], [{ sent: 50_000, received: 20_000 }, 0]);
});

/** What a client says of a server that keeps another deal. */
async function violationOf(kept: typeof DEAL): Promise<unknown> {
  const pair = new VirtualPair();
  const { client, server } = await pair.conns();
  const waits = new Waits();
  const others = keepDeal(server, kept, "server", waits).catch(() => {});
  const own = keepDeal(client, DEAL, "client", waits).catch((error) => error);
  const [error] = await pair.run(Promise.all([own, others]));
  return error;
}

test("keepDeal() finds bytes of another stream, an end too early and one too late", async () => {
  const wrong = await violationOf({ ...DEAL, number: 4_000_000_001 });
  const short = await violationOf({ ...DEAL, down: 19_999 });
  const long = await violationOf({ ...DEAL, down: 20_001 });
  assert.ok(wrong instanceof Violation && short instanceof Violation && long instanceof Violation);
  assert.match(wrong.message, /^byte 0 of 20000 is wrong/);
  assert.match(short.message, /^19999 of 20000 bytes, then the end/);
  assert.match(long.message, /^20001 of 20000 bytes, then the end/);
});

test("Waits names those that take longer than they may, once", async () => {
  const waits = new Waits();
  const first = Promise.withResolvers<void>();
  const noted = waits.of("a read", first.promise, -1);
  assert.deepEqual([waits.size, waits.takeOverdue(), waits.takeOverdue()], [1, ["a read"], []]);
  first.resolve();
  await noted;
  assert.equal(waits.size, 0);
});

/** A stream of the client that broke at server 0. */
const BROKEN = {
  event: "broken",
  what: "a stream",
  side: "client",
  code: "session-lost",
  message: "gone",
  server: 0,
  deal: 1,
};

/** How many things are wrong when a stream breaks at an instant, ms. */
function wrongOf(at: number, told: Told, prepare: (judge: SoakJudge) => void): number {
  const judge = new SoakJudge();
  judge.onTold(at, "client", told);
  prepare(judge);
  judge.finish();
  return judge.violations.length;
}

test("SoakJudge excuses what a restart of the same server broke, and nothing else", () => {
  const restart = (judge: SoakJudge) => judge.onRestart(1_000, 0);
  assert.equal(wrongOf(2_000, BROKEN, restart), 0);
  assert.equal(wrongOf(2_000, { ...BROKEN, server: 1 }, restart), 1);
  assert.equal(wrongOf(500, BROKEN, restart), 1);
  assert.equal(wrongOf(60_000, BROKEN, restart), 1);
  assert.equal(wrongOf(60_000, { ...BROKEN, isOurs: true }, restart), 0);
});

test("SoakJudge wants the client to know of each stream that broke at a server", () => {
  const judge = new SoakJudge();
  judge.onTold(1, "client", { ...BROKEN, isOurs: true });
  judge.onTold(1, "server", { ...BROKEN, side: "server" });
  judge.onTold(1, "server", { ...BROKEN, side: "server", deal: 2 });
  assert.equal(judge.violations.length, 0);
  judge.finish();
  assert.match(
    judge.violations.join(),
    /^at one end alone a stream broke at 0 s with server 0: session-lost, gone$/,
  );
});

test("SoakJudge excuses a whole stream whose end a server did not hear for a blackout, and no other", () => {
  const alone = {
    event: "broken",
    what: "a stream",
    side: "server",
    code: "idle-timeout",
    deal: 3,
  };
  const count = (told: Told, who: string, blackoutAt: number) => {
    const judge = new SoakJudge();
    judge.onBlackout(blackoutAt, 0);
    judge.onTold(100_000, who, told);
    judge.finish();
    return judge.violations.length;
  };
  const whole = { ...alone, isWhole: true };
  assert.equal(count(whole, "server 0", 40_000), 0);
  assert.equal(count({ ...whole, code: "connection-lost" }, "server 0", 40_000), 0);
  assert.equal(count({ ...whole, code: "reset" }, "server 0", 40_000), 1);
  assert.equal(count({ ...alone, isWhole: false }, "server 0", 40_000), 1);
  assert.equal(count(whole, "server 1", 40_000), 1);
  assert.equal(count(whole, "server 0", 10_000), 1);
  assert.equal(count(whole, "server 0", 100_001), 1);
});

test("SoakJudge excuses what a long stall of the machine broke, but no computing on end", () => {
  const stall = (length: number, isOwn: boolean) => (judge: SoakJudge) =>
    judge.onStall(200_000, "client", { length, isOwn });
  assert.equal(wrongOf(190_000, BROKEN, stall(40_000, false)), 0);
  assert.equal(wrongOf(210_000, BROKEN, stall(40_000, false)), 0);
  assert.equal(wrongOf(150_000, BROKEN, stall(40_000, false)), 1);
  assert.equal(wrongOf(190_000, BROKEN, stall(10_000, false)), 1);
  assert.equal(wrongOf(190_000, { ...BROKEN, isOurs: true }, stall(40_000, true)), 1);
});

const QUIET: EndReport = {
  rss: 100e6,
  heap: 20e6,
  cpu: 0,
  resources: [],
  streams: 0,
  sessions: 0,
  messages: 0,
  bytes: 0,
  waits: [],
  ledger: { sockets: 0, alarms: 0 },
  survivors: { session: 0 },
};

test("leaksOf() names waits, sockets, alarms, resources and objects that are left", () => {
  assert.deepEqual(leaksOf("it", QUIET, "deno"), []);
  const left = {
    ...QUIET,
    waits: ["a read"],
    ledger: { sockets: 1, alarms: 2 },
    resources: ["Timeout"],
    survivors: { session: 3 },
  };
  assert.equal(leaksOf("it", left, "deno").length, 5);
  const one = { ...QUIET, survivors: { session: 1 } };
  assert.deepEqual([leaksOf("it", one, "node").length, leaksOf("it", one, "bun").length], [1, 0]);
});

test("memoryCourse() compares the last minutes with the tenth, and says when it is too short", () => {
  const course = (minutes: number, growth: number) => {
    const reports = Array.from({ length: minutes * 6 }, (_, i) => ({
      ...QUIET,
      at: (i + 1) * 10_000,
      heap: 20e6 * (1 + growth * i / (minutes * 6)),
    }));
    return memoryCourse(reports, ({ heap }) => heap)?.isFlat;
  };
  assert.deepEqual([course(17, 1), course(60, 0), course(60, 0.05), course(60, 0.5)], [
    undefined,
    true,
    true,
    false,
  ]);
});

test("slopeOf() is the slope of the line through points", () => {
  assert.equal(slopeOf([[0, 1], [1, 3], [2, 5]]), 2);
  assert.equal(slopeOf([[0, 1], [0, 3]]), 0);
});

const TEST: LoadTest = {
  id: "L-TEST",
  text: "something happens",
  figures: [
    { name: "count", label: "things" },
    { name: "done", label: "done", equals: "count" },
    { name: "time", label: "time, s", digits: 1, most: 2 },
    { name: "rate", label: "a second", least: 5 },
  ],
  run: () => Promise.reject(new Error("it is not run")),
};

const MEASURED: AllMeasured = {
  "L-TEST bun": {
    runtime: "bun 1.4.0",
    machine: "2 x cores",
    load: "0.1",
    figures: { count: 10, done: 9, time: 2.04, rate: 5 },
  },
};

test("formatTables() has a column for each runtime, and what misses its target is bold", () => {
  const text = formatTables([TEST], MEASURED);
  assert.match(text, /\| {2}\| target \| deno \| bun \| node \|/);
  assert.match(text, /\| things \| {2}\| - \| 10 \| - \|/);
  assert.match(text, /\| done \| all \| - \| \*\*9\*\* \| - \|/);
  assert.match(text, /\| time, s \| <= 2 \| - \| \*\*2\.0\*\* \| - \|/);
  assert.match(text, /\| a second \| >= 5 \| - \| 5 \| - \|/);
  assert.match(text, /bun 1\.4\.0: 2 x cores, load 0\.1/);
});

test("missedTargets() has a line for each", () => {
  assert.deepEqual(missedTargets([TEST], MEASURED), [
    "L-TEST on bun: done: 9, should be all",
    "L-TEST on bun: time, s: 2.0, should be <= 2",
  ]);
  assert.deepEqual(missedTargets([TEST], {}), []);
});
