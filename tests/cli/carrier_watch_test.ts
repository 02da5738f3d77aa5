import assert from "node:assert/strict";
import { test } from "node:test";
import { watchCarrier, type WatchedSession } from "../../src/cli/carrier_watch.ts";
import { Reporter } from "../../src/cli/reporter.ts";
import type { SessionStats } from "../../src/net/contract.ts";
import { delay } from "../support/delay.ts";

/** How often it looks here, ms, and longer than it takes to look. */
const INTERVAL = 100;
const A_LOOK = 3 * INTERVAL;

test("watchCarrier() tells of a move once and why, and of a trial not at all", async () => {
  const written: string[] = [];
  const reporter = new Reporter({
    write: (text) => written.push(text),
    json: false,
    color: false,
    now: () => 0,
  });
  let state: Pick<SessionStats, "carrier" | "carrierReason"> = {
    carrier: "udp",
    carrierReason: "it answered first",
  };
  const session: WatchedSession = { stats: () => state as SessionStats };
  const watch = watchCarrier(reporter, session, INTERVAL);
  try {
    await delay(A_LOOK);
    state = { carrier: "tcp", carrierReason: "it is on trial" };
    await delay(A_LOOK);
    assert.deepEqual(written, []);
    state = { carrier: "tcp", carrierReason: "TCP is faster than UDP here" };
    await delay(2 * A_LOOK);
    assert.deepEqual(written, ["moved     udp → tcp: TCP is faster than UDP here\n"]);
    state = { carrier: "udp", carrierReason: "UDP works again" };
    await delay(A_LOOK);
    assert.equal(written[1], "moved     tcp → udp: UDP works again\n");
  } finally {
    watch[Symbol.dispose]();
  }
  state = { carrier: "tcp", carrierReason: "UDP fell silent" };
  await delay(A_LOOK);
  assert.equal(written.length, 2);
});

test("watchCarrier() leaves a session alone that has no choice", async () => {
  let looks = 0;
  const reporter = new Reporter({ write: () => {}, json: false, color: false, now: () => 0 });
  const session: WatchedSession = {
    stats: () => {
      looks++;
      return { carrier: "udp", carrierReason: undefined } as SessionStats;
    },
  };
  const watch = watchCarrier(reporter, session, INTERVAL);
  const before = looks;
  await delay(A_LOOK);
  watch[Symbol.dispose]();
  assert.equal(looks, before);
});
