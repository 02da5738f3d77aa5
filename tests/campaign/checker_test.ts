import { test } from "node:test";
import assert from "node:assert/strict";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import { SosistabError } from "../../src/errors.ts";
import { ByteQueue } from "../../src/mux/byte_queue.ts";
import { LivenessMachine } from "../../src/mux/liveness.ts";
import { MessageQueue } from "../../src/mux/message_queue.ts";
import { Waiters } from "../../src/net/waiters.ts";
import { Causes, type Life } from "./causes.ts";
import { DatagramLedger } from "./datagram_ledger.ts";
import { FAULT_KINDS } from "./faults.ts";
import { runSeed } from "./run_scenario.ts";
import { describeScenario, drawScenario } from "./scenario.ts";
import { StreamLedger } from "./stream_ledger.ts";
import { Waits } from "./waits.ts";
import { AmplificationWatch, HostWatch, watchedHost } from "./watched_host.ts";

/** Seeds among which a planted mistake must be found. */
const SEEDS = 12;

function violations(): { readonly found: string[]; readonly report: (what: string) => void } {
  const found: string[] = [];
  return { found, report: (what) => void found.push(what) };
}

/** Both ends of a stream; one has written so many bytes. */
function stream(written: number) {
  const { found, report } = violations();
  const ledger = new StreamLedger(report);
  const near = ledger.open("a/0", "a");
  const far = ledger.accept("a/0", "b", true)!;
  const bytes = near.next(written);
  near.onWritten();
  return { found, ledger, near, far, bytes };
}

test("StreamLedger is content with what is right", () => {
  const { found, near, far, bytes } = stream(5_000);
  far.onRead(bytes.subarray(0, 1_330));
  far.onRead(bytes.subarray(1_330));
  near.onFinished();
  far.onEnd();
  assert.deepEqual(found, []);
});

test("StreamLedger sees two segments that have changed places", () => {
  const { found, far, bytes } = stream(2_660);
  far.onRead(bytes.subarray(1_330));
  assert.match(found.join(), /wrong byte at 0/);
});

test("StreamLedger sees a segment that came twice, and one that never did", () => {
  const again = stream(2_660);
  again.far.onRead(again.bytes.subarray(0, 1_330));
  again.far.onRead(again.bytes.subarray(0, 1_330));
  assert.match(again.found.join(), /wrong byte at 1330/);
  const missing = stream(2_660);
  missing.far.onRead(missing.bytes.subarray(0, 1_330));
  missing.near.onFinished();
  missing.far.onEnd();
  assert.match(missing.found.join(), /an end after 1330 of 2660/);
});

test("StreamLedger sees bytes and ends that nobody has written", () => {
  const { found, far, bytes } = stream(10);
  far.onRead(bytes);
  far.onRead(Uint8Array.of(1));
  far.onEnd();
  assert.match(found.join(), /has read 11 bytes of 10/);
  assert.match(found.join(), /an end that nobody has written/);
});

test("StreamLedger sees streams that were accepted twice, by a stranger, or were never opened", () => {
  const { found, ledger } = stream(0);
  ledger.accept("a/0", "c", true);
  ledger.accept("a/1", "c", true);
  ledger.open("z/0", "z");
  ledger.accept("z/0", "b", true);
  assert.match(found.join(), /accepted a\/0 again/);
  assert.match(found.join(), /nobody has opened: a\/1/);
  assert.match(found.join(), /streams of a and of z/);
});

test("DatagramLedger sees datagrams that came twice, were damaged, cut, made up, or for somebody else", () => {
  const { found, report } = violations();
  const ledger = new DatagramLedger(report);
  const [one, other] = [ledger.sender("one"), ledger.sender("other")];
  const first = one.next(100);
  ledger.onReceived(first, "server", true);
  assert.deepEqual(found, []);
  ledger.onReceived(first, "server", true);
  ledger.onReceived(one.next(100).with(50, 1).with(51, 2), "server", true);
  ledger.onReceived(one.next(100).subarray(0, 99), "server", true);
  ledger.onReceived(first.with(7, 99), "server", true);
  ledger.onReceived(other.next(10), "server", true);
  const words = [/ again/, /damaged/, /99 bytes of 100/, /nobody has sent/, /for somebody else/];
  for (const [i, word] of words.entries()) assert.match(found[i] ?? "", word);
});

test("Waits sees what is pending for too long, after an end, and when all is over", () => {
  const { found, report } = violations();
  let now = 0;
  const waits = new Waits(() => now, report);
  const owner = {};
  const never = new Promise<void>(() => {});
  void waits.watch("read", never, [owner]);
  void waits.watch("connect", never, [], 1_000);
  void waits.watch("accept", never, []);
  waits.onEnded(owner);
  now = 5_000;
  waits.check();
  assert.deepEqual(found, []);
  now = 6_001;
  waits.check();
  assert.match(found.join(), /read is pending 6001 ms after its end/);
  assert.match(found.join(), /connect is pending for longer/);
  waits.checkNone();
  assert.equal(found.at(-1), "accept is pending when all is over");
});

test("Causes explains no error without a reason", () => {
  let now = 100_000;
  const causes = new Causes(() => now);
  const life: Life = {
    name: "client",
    role: "client",
    startedAt: 0,
    deadAfter: 5_000,
    idleTimeout: 200_000,
    over: undefined,
  };
  const explains = (code: SosistabError["code"]) =>
    causes.explains(new SosistabError(code, "because"), life);
  const codes = ["connection-lost", "closed", "goodbye", "session-lost", "idle-timeout"] as const;
  for (const code of codes) assert.equal(explains(code), false, code);
  assert.equal(causes.explains(new TypeError("undefined is not a function"), life), false);
  assert.equal(explains("internal-fault"), false);
  const isOver = causes.onTrouble("silence");
  isOver();
  assert.equal(explains("connection-lost"), true);
  now += 60_000;
  assert.equal(explains("connection-lost"), false, "it is long past");
  causes.onEnded("server");
  assert.equal(explains("session-lost"), true);
  now += 100_000;
  assert.equal(explains("idle-timeout"), true);
});

test("HostWatch sees alarms that are left, and a program that runs in circles", async () => {
  const { found, report } = violations();
  const network = simulatedNetwork();
  const watch = new HostWatch("server", report);
  const host = watchedHost(network.addNode("server"), watch, {}, false);
  host.setAlarm(1_000_000, () => {});
  watch.checkNone();
  assert.deepEqual(found, ["server has 1 alarms left"]);
  const spin = () => void host.setAlarm(0, spin);
  spin();
  await network.pass(2_000);
  assert.match(found[1] ?? "", /runs in circles/);
});

test("AmplificationWatch sees more than three bytes for one, until the address has answered", () => {
  const { found, report } = violations();
  const watch = new AmplificationWatch(report);
  watch.onReceived("victim", 100);
  watch.onSent("victim", 300);
  assert.deepEqual(found, []);
  watch.onSent("victim", 1);
  assert.match(found.join(), /sent 301 bytes to victim for 100/);
  watch.onReached("client");
  watch.onReceived("client", 1);
  watch.onSent("client", 10_000);
  assert.equal(found.length, 1);
});

/** Runs scenarios with a mistake in the library until one sees it; `undefined`: none does. */
async function find<T extends object, K extends keyof T>(
  of: T,
  name: K,
  mistake: (right: T[K]) => T[K],
): Promise<string | undefined> {
  const right = of[name];
  of[name] = mistake(right);
  try {
    for (let seed = 1; seed <= SEEDS; seed++) await runSeed(seed);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    of[name] = right;
  }
}

test("a campaign finds a receiver that changes the places of two bytes", async () => {
  const message = await find(
    ByteQueue.prototype,
    "read",
    (right) =>
      function (this: ByteQueue, into: Uint8Array): number {
        const count = right.call(this, into);
        if (count > 1_000) [into[0], into[999]] = [into[999]!, into[0]!];
        return count;
      },
  );
  assert.match(message ?? "", /has read a wrong byte/);
});

test("a campaign finds a queue that hands messages out twice", async () => {
  const message = await find(
    MessageQueue.prototype,
    "add",
    (right) =>
      function (this: MessageQueue, ...args: Parameters<MessageQueue["add"]>): void {
        right.apply(this, args);
        right.apply(this, args);
      },
  );
  assert.match(message ?? "", /again/);
});

test("a campaign finds a wait that is not ended with its object", async () => {
  const message = await find(Waiters.prototype, "rejectAll", () => () => {});
  assert.match(message ?? "", /pending/);
});

test("a campaign finds a timer that was dropped: dead peers are not noticed", async () => {
  const message = await find(LivenessMachine.prototype, "handleTimeout", () => () => {});
  assert.match(message ?? "", /pending|runs in circles|does not echo/);
});

test("a failure tells the seed, the scenario in words, and the command that runs it again", async () => {
  const message = await find(Waiters.prototype, "rejectAll", () => () => {}) ?? "";
  const [, seed] = /again: deno task campaign 1 (\d+)$/.exec(message) ?? [];
  assert.ok(message.includes(describeScenario(drawScenario(Number(seed)))));
});

test("drawScenario() draws every fault", () => {
  const drawn = new Set<string>();
  for (let seed = 1; seed <= 200; seed++) {
    for (const { kind } of drawScenario(seed).faults) drawn.add(kind);
  }
  assert.deepEqual(FAULT_KINDS.filter((kind) => !drawn.has(kind)), []);
});
