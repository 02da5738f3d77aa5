import { test } from "node:test";
import assert from "node:assert/strict";
import { Reminder } from "../../src/mux/reminder.ts";

/** The next times at which it is time to speak. */
function times(reminder: Reminder, count: number): number[] {
  return Array.from({ length: count }, () => {
    const now = reminder.deadline;
    assert.equal(reminder.handleTimeout(now - 0.001), false);
    assert.equal(reminder.handleTimeout(now), true);
    return now;
  });
}

test("Reminder speaks after 3 s of silence, and again with doubled waits, up to a minute", () => {
  const waits = [3, 6, 12, 24, 48, 60, 60, 60];
  let at = 500;
  assert.deepEqual(times(new Reminder(500), 8), waits.map((wait) => at += 1_000 * wait));
});

test("onHeard() begins anew", () => {
  const reminder = new Reminder(0);
  times(reminder, 4);
  reminder.onHeard(50_000);
  assert.deepEqual(times(reminder, 2), [53_000, 59_000]);
});
