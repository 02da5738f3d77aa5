import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { REPLAY_WINDOW, ReplayWindow } from "../../src/session/replay_window.ts";

/** The same contract, written as slowly and plainly as possible. */
class SlowReplayWindow {
  readonly #seen = new Set<number>();
  #highest = -1;
  accept(frameNumber: number): boolean {
    if (frameNumber < this.#highest - REPLAY_WINDOW || this.#seen.has(frameNumber)) return false;
    this.#seen.add(frameNumber);
    this.#highest = Math.max(this.#highest, frameNumber);
    return true;
  }
}

test("accept() takes a number once, and highest is the highest that it took", () => {
  const window = new ReplayWindow();
  assert.equal(window.highest, -1);
  for (
    const [number, isNew, highest] of [[5, true, 5], [5, false, 5], [0, true, 5], [9, true, 9]]
  ) {
    assert.equal(window.accept(Number(number)), isNew);
    assert.equal(window.highest, highest);
  }
});

test("accept() takes a number exactly 10,000 below the highest, and not one below that", () => {
  const window = new ReplayWindow();
  window.accept(20_000);
  assert.equal(window.accept(10_000), true);
  assert.equal(window.accept(9_999), false);
});

test("accept() returns at once for the largest jump that a hostile peer can make", () => {
  const window = new ReplayWindow();
  window.accept(0);
  assert.equal(window.accept(Number.MAX_SAFE_INTEGER), true);
  assert.equal(window.accept(Number.MAX_SAFE_INTEGER), false);
  assert.equal(window.accept(Number.MAX_SAFE_INTEGER - REPLAY_WINDOW), true);
});

test("accept() is not confused by numbers above 2^31, 2^32 and up to 2^53-1", () => {
  for (const base of [2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER - 40_000]) {
    const window = new ReplayWindow();
    for (let number = base; number < base + 40_000; number += 7) {
      assert.equal(window.accept(number), true, `${number}`);
      assert.equal(window.accept(number), false, `${number}`);
      if (number >= base + 10_000) assert.equal(window.accept(number - 9_995), true, `${number}`);
    }
  }
});

test("accept() agrees with a set, for any order of numbers, jumps and repeats", () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -300, max: 300 }) },
    { weight: 2, arbitrary: fc.integer({ min: -11_000, max: 11_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 40 }) },
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
    const fast = new ReplayWindow();
    const slow = new SlowReplayWindow();
    let at = 0;
    for (const s of steps) {
      at = Math.max(0, Math.max(fast.highest, 0) + s);
      assert.equal(fast.accept(at), slow.accept(at), `number ${at}`);
    }
  }));
});

test("rest() takes no number any more that is not above the highest, and all that are", () => {
  const window = new ReplayWindow();
  for (const number of [0, 5, 700]) assert.equal(window.accept(number), true);
  window.rest();
  assert.equal(window.highest, 700);
  for (const number of [0, 4, 5, 699, 700]) assert.equal(window.accept(number), false, `${number}`);
  for (const number of [701, 720, 710]) assert.equal(window.accept(number), true, `${number}`);
  assert.equal(window.accept(710), false);
});
