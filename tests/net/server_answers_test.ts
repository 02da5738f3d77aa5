import { test } from "node:test";
import assert from "node:assert/strict";
import { ServerClock } from "../../src/handshake/server_clock.ts";
import { ServerAnswers } from "../../src/net/server_answers.ts";
import type { ServerFound } from "../../src/net/server_search.ts";
import { Random } from "../../src/random.ts";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import type { Link } from "../../src/transport/link.ts";
import { OWN_BITS } from "../../src/wire/extension.ts";
import { seededSource } from "../support/seeded_random.ts";

const RTT = 50;

/** 100 ms and two round trips. */
const GRACE = 200;

function found(secret: number, isOwnKind = false): ServerFound {
  return {
    secret: new Uint8Array(32).fill(secret),
    resumeToken: new Uint8Array(16),
    extension: isOwnKind ? { bits: OWN_BITS } : undefined,
    clock: new ServerClock(0, 0, 0),
    link: {} as Link,
    waited: RTT,
  };
}

class Turns {
  readonly network = simulatedNetwork({ timers: "exact" });
  readonly taken: { readonly at: number; readonly secret: number | undefined }[] = [];
  isJudged = true;
  readonly answers = new ServerAnswers(
    this.network.addNode("client"),
    new Random(seededSource(3)),
    () => {
      const next = this.answers.take(this.isJudged, RTT);
      this.taken.push({ at: this.network.now, secret: next?.secret[0] });
    },
  );
}

test("ServerAnswers: each has its turn, and when all were in vain turns take twice as long", async () => {
  const { network, answers, taken } = new Turns();
  for (const secret of [1, 2, 3]) answers.add(found(secret), RTT);
  await network.pass(60_000);
  assert.deepEqual(taken, [
    { at: GRACE, secret: 1 },
    { at: 2 * GRACE, secret: 2 },
    { at: 3 * GRACE, secret: 3 },
  ]);
  assert.equal(answers.isEmpty, true);
  answers.add(found(4), RTT);
  await network.pass(60_000);
  assert.deepEqual(taken.at(-1), { at: 60_000 + 2 * GRACE, secret: 4 });
});

test("ServerAnswers.onHeard() forgets them, overwrites their secrets, and begins anew", async () => {
  const { network, answers, taken } = new Turns();
  const waiting = [found(1), found(2)];
  for (const each of waiting) answers.add(each, RTT);
  await network.pass(GRACE);
  answers.onHeard();
  assert.deepEqual(waiting.map(({ secret }) => secret[0]), [1, 0], "the first one is in use");
  await network.pass(60_000);
  assert.equal(taken.length, 1);
  const [again, begun] = [found(3), network.now];
  answers.add(again, RTT);
  await network.pass(GRACE);
  assert.deepEqual(taken.at(-1), { at: begun + GRACE, secret: 3 });
});

test("ServerAnswers keeps three, whichever of them chance wants, however many come", () => {
  const kept = new Set<number>();
  for (let round = 0; round < 40; round++) {
    const { answers } = new Turns();
    for (let skipped = round; skipped > 0; skipped--) answers.add(found(0), RTT);
    answers.stop();
    const all = Array.from({ length: 8 }, (_, i) => found(1 + i));
    for (const each of all) answers.add(each, RTT);
    const left = all.filter(({ secret }) => secret[0] !== 0);
    assert.equal(left.length, 3);
    for (const { secret } of left) kept.add(secret[0]!);
  }
  assert.equal(kept.size, 8);
});

test("ServerAnswers: a session that could not have answered gives way only to one that can", async () => {
  const turns = new Turns();
  turns.isJudged = false;
  for (const [secret, isOwnKind] of [[1, false], [2, true], [3, false]] as const) {
    turns.answers.add(found(secret, isOwnKind), RTT);
  }
  await turns.network.pass(60_000);
  assert.deepEqual(turns.taken.map(({ secret }) => secret), [2, undefined]);
  assert.equal(turns.answers.isEmpty, true);
});
