import { test } from "node:test";
import assert from "node:assert/strict";
import { SleepWatch } from "../../src/net/sleep_watch.ts";

/** The wall clock has an origin of its own. */
const WALL = 1_700_000_000_000;

test("look() tells a sleep by either clock, and nothing else", () => {
  const cases: readonly (readonly [string, number, number, boolean])[] = [
    ["a look in time", 75, 75, false],
    ["the clocks go on, the look is late", 30_000, 30_000, true],
    ["the monotonic clock stands still", 10, 30_000, true],
    ["both: it stood still, and the look is late", 20_000, 30_000, true],
    ["a busy machine", 1_500, 1_500, false],
    ["a wall clock that is corrected by a second", 10, 1_010, false],
    ["a wall clock that is set back by an hour", 75, -3_600_000, false],
    ["a wall clock that is set forward might be a sleep", 75, 3_600_000, true],
  ];
  for (const [what, passed, passedOnWall, hasSlept] of cases) {
    const watch = new SleepWatch(1_000, WALL);
    assert.equal(watch.look(1_000 + passed, WALL + passedOnWall), hasSlept, what);
    const [now, wall] = [1_000 + passed, WALL + passedOnWall];
    assert.equal(watch.look(now + 75, wall + 75), false, `${what}: it is told once`);
  }
});

test("look() tells nothing of a wall clock that runs wrong by a thousandth", () => {
  const watch = new SleepWatch(0, WALL);
  for (let now = 0; now < 3_600_000; now += 500) {
    assert.equal(watch.look(now, WALL + now * 1.001), false);
  }
});

test("the deadline is near while packets come or leave, and a second away when it is quiet", () => {
  const watch = new SleepWatch(0, WALL);
  const looks: number[] = [];
  for (let now = watch.deadline; now < 15_000; now = watch.deadline) {
    looks.push(now);
    watch.look(now, WALL + now);
    if (now < 3_000) watch.onActive(now);
  }
  // The last packet left at 2,925 ms.
  assert.deepEqual(looks.slice(0, 2), [75, 150]);
  const gaps = looks.slice(1).map((at, i) => at - looks[i]!);
  const quiet = gaps.indexOf(1_000);
  assert.ok(gaps.slice(0, quiet).every((gap) => gap === 75));
  assert.ok(gaps.slice(quiet).every((gap) => gap === 1_000));
  assert.equal(looks[quiet], 7_950);
});
