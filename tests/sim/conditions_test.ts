import { test } from "node:test";
import assert from "node:assert/strict";
import { completeConditions, type LinkConditions } from "../../src/sim/conditions.ts";

const REFUSED: readonly (readonly [LinkConditions, string])[] = [
  [{ delay: -1 }, "delay must be a finite time of at least 0 ms, got -1"],
  [{ delay: NaN }, "delay must be a finite time of at least 0 ms, got NaN"],
  [{ jitter: Infinity }, "jitter must be a finite time of at least 0 ms, got Infinity"],
  [{ reorderDelay: -5 }, "reorderDelay must be a finite time of at least 0 ms, got -5"],
  [{ clump: -10 }, "clump must be a finite time of at least 0 ms, got -10"],
  [{ loss: 1.5 }, "loss must be 0 to 1, got 1.5"],
  [{ loss: NaN }, "loss must be 0 to 1, got NaN"],
  [{ reorder: -0.1 }, "reorder must be 0 to 1, got -0.1"],
  [{ duplicate: 2 }, "duplicate must be 0 to 1, got 2"],
  [{ corrupt: 20 }, "corrupt must be 0 to 1, got 20"],
  [{ burst: 0.5 }, "burst must be a finite number of at least 1, got 0.5"],
  [{ burst: Infinity }, "burst must be a finite number of at least 1, got Infinity"],
  [{ loss: 0.8, burst: 3 }, "loss in bursts of 3 must be at most 0.75, got 0.8"],
  [{ rate: 0 }, "rate must be above 0 Mbit/s, got 0"],
  [{ rate: -2 }, "rate must be above 0 Mbit/s, got -2"],
  [{ queue: 0 }, "queue must be an integer of at least 1, got 0"],
  [{ queue: 2.5 }, "queue must be an integer of at least 1, got 2.5"],
  [{ queueTime: 0 }, "queueTime must be above 0 ms, got 0"],
  [{ mtu: 0 }, "mtu must be above 0 bytes, got 0"],
  [{ trace: "..?" }, 'trace must be made of x, 1, . and 0, got "?"'],
  [
    { blackouts: [{ from: 5, until: 5 }] },
    "a blackout must be in order and shorter than its period, got 5 to 5 every Infinity",
  ],
  [
    { blackouts: [{ from: 5, until: 10, every: 4 }] },
    "a blackout must be in order and shorter than its period, got 5 to 10 every 4",
  ],
];

for (const [conditions, message] of REFUSED) {
  test(`completeConditions() refuses: ${message}`, () => {
    assert.throws(() => completeConditions(conditions), new RangeError(message));
  });
}

test("completeConditions() refuses words that it does not know", () => {
  const wrong = (text: string) => JSON.parse(text) as LinkConditions;
  assert.throws(
    () => completeConditions(wrong('{"discipline":"red"}')),
    new RangeError('discipline must be "drop-tail" or "codel", got red'),
  );
  assert.throws(
    () => completeConditions(wrong('{"lossAt":"both"}')),
    new RangeError('lossAt must be "ahead" or "behind", got both'),
  );
});

test("completeConditions() makes a link that does no harm of nothing", () => {
  assert.deepEqual(completeConditions({}), {
    delay: 0,
    jitter: 0,
    keepsOrder: true,
    loss: 0,
    burst: 1,
    trace: [],
    lossAt: "behind",
    reorder: 0,
    reorderDelay: 10,
    duplicate: 0,
    corrupt: 0,
    rate: Infinity,
    queue: 1_000,
    queueTime: Infinity,
    discipline: "drop-tail",
    mtu: Infinity,
    clump: 0,
    blackouts: [],
    isDown: false,
    blocksDatagrams: false,
  });
});

test("completeConditions() keeps copies of lists", () => {
  const trace = [true];
  const complete = completeConditions({ trace });
  trace.push(false);
  assert.deepEqual(complete.trace, [true]);
});
