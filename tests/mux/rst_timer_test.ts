import { test } from "node:test";
import assert from "node:assert/strict";
import { RstTimer } from "../../src/mux/rst_timer.ts";

/**
 * Sends for as long as the timer wants to, up to so many times; returns when.
 *
 * @param provenAt When the newest frame left that has arrived by a time.
 */
function times(provenAt: (now: number) => number, most = 100, isOwnKind = false): number[] {
  const path = (now: number) => ({ provenAt: provenAt(now), isOwnKind });
  const timer = new RstTimer(100);
  const sent: number[] = [];
  for (let now = 0; sent.length < most; now = timer.deadline) {
    if (sent.length > 0) {
      assert.equal(timer.handleTimeout(path(now - 0.001), now - 0.001), "wait");
      if (timer.handleTimeout(path(now), now) === "giveUp") break;
      assert.equal(timer.deadline, Infinity);
    }
    sent.push(now);
    timer.onSent(now);
  }
  return sent;
}

const ROW = [0, 100, 300, 700, 1_500];

test("RstTimer sends a Rst five times at the most, with doubled waits, while the path carries", () => {
  assert.deepEqual(times((now) => now - 20), ROW);
});

test("RstTimer asks for one frame among them that has arrived", () => {
  for (const provenAt of [0, 50, 1_500]) assert.deepEqual(times(() => provenAt), ROW);
});

test("RstTimer repeats a Rst slowly while nothing arrives that was sent among them", () => {
  const expected = [...ROW, 3_100, 6_300, 11_300, 16_300];
  assert.deepEqual(times(() => -1, 9), expected);
});

test("RstTimer begins anew when the path carries again, however short the outage was", () => {
  const again = (start: number) => ROW.map((time) => start + time);
  for (
    const [end, expected] of [[1_600, again(3_100)], [13_000, [3_100, 6_300, 11_300]]] as const
  ) {
    const isOver = (now: number) => now >= end;
    const rest = end === 1_600 ? expected : [...expected, ...again(16_300)];
    assert.deepEqual(times((now) => isOver(now) ? now - 20 : -1), [...ROW, ...rest]);
  }
});

test("RstTimer gives up although what arrives never falls among them: probes may keep step with it", () => {
  const rowLength = 3_100;
  const probedAt = (now: number) => Math.floor(now / rowLength) * rowLength - 1_500;
  const rows = [0, 1, 2].flatMap((row) => ROW.map((time) => row * rowLength + time));
  assert.deepEqual(times(probedAt), rows);
});

test("RstTimer repeats a Rst to our own kind, which answers, for as long as an id rests", () => {
  for (const provenAt of [() => -1, (now: number) => now - 20]) {
    const sent = times(provenAt, 100, true);
    assert.deepEqual(sent.slice(0, 8), [...ROW, 3_100, 6_300, 11_300]);
    assert.ok(sent.length < 35, `${sent.length}`);
    assert.ok(sent.at(-1)! > 115_000 && sent.at(-1)! < 120_000, `${sent.at(-1)}`);
  }
});
