import { test } from "node:test";
import assert from "node:assert/strict";
import { ClockWalk, MOST_ANSWER_MINUTES } from "../../src/handshake/clock_walk.ts";
import { Random } from "../../src/random.ts";
import { seededSource } from "../support/seeded_random.ts";

const START = 2_000;
const MINUTE = 29_000_000;

/** A walk to its end: when its hellos leave, and how far from our own minute each aims. */
function walked(seed = 1): { walk: ClockWalk; times: number[]; offsets: number[] } {
  const walk = new ClockWalk(new Random(seededSource(seed)), START);
  const times: number[] = [];
  const offsets: number[] = [];
  while (walk.nextAt < Infinity) {
    const now = walk.nextAt;
    const minute = walk.pollMinute(MINUTE, now);
    assert.ok(minute !== undefined);
    times.push(now);
    offsets.push(minute - MINUTE);
  }
  return { walk, times, offsets };
}

test("ClockWalk reaches every clock up to an hour, and whole hours up to 14, away by 50 hellos", () => {
  const first = walked().offsets.slice(0, 50);
  const isReached = (skew: number) => first.some((offset) => Math.abs(offset - skew) <= 2);
  for (let skew = 3; skew <= 62; skew++) assert.ok(isReached(skew) && isReached(-skew), `${skew}`);
  for (let hours = 1; hours <= 14; hours++) {
    for (let off = -2; off <= 2; off++) {
      const skew = 60 * hours + off;
      assert.ok(isReached(skew) && isReached(-skew), `${skew}`);
    }
  }
});

test("ClockWalk goes nearest first, to both sides in turn", () => {
  const first = walked().offsets.slice(0, 50);
  assert.deepEqual(first.slice(0, 6), [5, -5, 10, -10, 15, -15]);
  for (let i = 0; i < 50; i += 2) {
    assert.equal(first[i + 1], -first[i]!);
    if (i > 0) assert.ok(first[i]! > first[i - 2]!);
  }
});

test("ClockWalk says the most likely twice, and 70 hellos in all", () => {
  const { offsets } = walked();
  const hours = [1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((hours) => [60 * hours, -60 * hours]);
  assert.deepEqual(offsets.slice(50), [5, -5, ...hours]);
  assert.equal(offsets.length, 70);
});

test("ClockWalk begins at its start and waits 40 to 120 ms between two, 80 on average", () => {
  const waits: number[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const { times } = walked(seed);
    assert.equal(times[0], START);
    waits.push(...times.slice(1).map((at, i) => at - times[i]!));
  }
  assert.ok(Math.min(...waits) >= 39.9 && Math.min(...waits) < 45, `${Math.min(...waits)}`);
  assert.ok(Math.max(...waits) <= 120.1 && Math.max(...waits) > 115, `${Math.max(...waits)}`);
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  assert.ok(Math.abs(mean - 80) < 3, `${mean}`);
});

test("ClockWalk sends none before its time, and no burst when it is called late", () => {
  const walk = new ClockWalk(new Random(seededSource(1)), START);
  assert.equal(walk.pollMinute(MINUTE, START - 1), undefined);
  assert.equal(walk.pollMinute(MINUTE, 60_000), MINUTE + 5);
  assert.equal(walk.pollMinute(MINUTE, 60_000), undefined);
  assert.ok(walk.nextAt >= 60_040);
});

test("ClockWalk aims from the minute of the moment, wherever the clock was set to meanwhile", () => {
  const walk = new ClockWalk(new Random(seededSource(1)), START);
  assert.equal(walk.pollMinute(MINUTE, START), MINUTE + 5);
  assert.equal(walk.pollMinute(MINUTE + 100, walk.nextAt), MINUTE + 95);
});

test("ClockWalk: an answer is sealed within two minutes of what its hello was", () => {
  const walk = new ClockWalk(new Random(seededSource(1)), START);
  walk.pollMinute(MINUTE, START);
  walk.pollMinute(MINUTE, walk.nextAt);
  const minutes = [...walk.takeAnswerMinutes()!].map((minute) => minute - MINUTE);
  assert.deepEqual(minutes.sort((a, b) => a - b), [-7, -6, -5, -4, -3, 3, 4, 5, 6, 7]);
});

test("ClockWalk: an answer to the whole walk may be sealed under any of 250 minutes", () => {
  const minutes = [...walked().walk.takeAnswerMinutes()!];
  assert.equal(minutes.length, 250);
  assert.ok(minutes.length <= MOST_ANSWER_MINUTES);
});

test("ClockWalk grants no more searches than hellos have left, and 8 at once", () => {
  const walk = new ClockWalk(new Random(seededSource(1)), START);
  assert.equal(walk.takeAnswerMinutes(), undefined);
  let searches = 0;
  for (let hellos = 1; walk.nextAt < Infinity; hellos++) {
    walk.pollMinute(MINUTE, walk.nextAt);
    if (hellos % 30 !== 0) continue;
    for (let saved = 0; saved < 8; saved++) assert.ok(walk.takeAnswerMinutes() !== undefined);
    assert.equal(walk.takeAnswerMinutes(), undefined);
    searches += 8;
  }
  while (walk.takeAnswerMinutes() !== undefined) searches++;
  assert.equal(searches, 24);
});
