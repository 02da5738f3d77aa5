import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Parity, Recoverer } from "../../src/fec/recoverer.ts";
import { parityRow } from "../../src/fec/reed_solomon.ts";
import { determinedUnknowns } from "../support/dense_elimination.ts";
import { bodyOf, drained, feed, parityOf, parityWith, range } from "../support/parity_runs.ts";
import { seededFraction } from "../support/seeded_random.ts";

test("Recoverer takes parity whatever number of parity frames its run is said to have", () => {
  const recoverer = new Recoverer();
  const [first, second] = parityOf(0, 4, 2);
  feed(recoverer, 0, 1);
  recoverer.onParity(first!);
  recoverer.onParity({ ...second!, parityCount: 3 });
  assert.deepEqual(drained(recoverer), [2, 3]);
});

test("Recoverer forgets what had a part in a shard that cannot be one, and nothing else", () => {
  const recoverer = new Recoverer();
  const [first, second] = parityOf(0, 4, 2);
  feed(recoverer, 0, 1, 4, 5);
  recoverer.onParity(parityOf(4, 4, 1)[0]!);
  recoverer.onParity(first!);
  recoverer.onParity({ ...second!, padSize: 30, body: new Uint8Array(30) });
  assert.deepEqual(drained(recoverer), []);
  recoverer.onParity(second!);
  assert.deepEqual(drained(recoverer), []);
  recoverer.onParity(first!);
  assert.deepEqual(drained(recoverer), [2, 3]);
  feed(recoverer, 6);
  assert.deepEqual(drained(recoverer), [7]);
});

test("Recoverer solves overlapping runs jointly, though none of them could be rebuilt by itself", () => {
  const recoverer = new Recoverer();
  feed(recoverer, 0, 1, 5);
  recoverer.onParity(parityOf(0, 4, 1)[0]!);
  recoverer.onParity(parityOf(1, 4, 1)[0]!);
  assert.deepEqual(drained(recoverer), []);
  recoverer.onParity(parityOf(2, 4, 1)[0]!);
  assert.deepEqual(drained(recoverer), [2, 3, 4]);
});

test("Recoverer takes what one run gives as data of another that overlaps", () => {
  const recoverer = new Recoverer();
  feed(recoverer, 0, 1, 2, 5);
  recoverer.onParity(parityOf(2, 4, 1)[0]!);
  assert.deepEqual(drained(recoverer), []);
  recoverer.onParity(parityOf(0, 4, 1)[0]!);
  assert.deepEqual(drained(recoverer), [3, 4]);
});

test("Recoverer keeps 128 shards, and lets the one that helps the oldest frame go", () => {
  const recoverer = new Recoverer();
  const runs = range(0, 66).map((i) => parityOf(3 * i, 3, 2));
  // Of each run nothing has come but two shards: one less than would rebuild it.
  const open = [...range(1, 20), 0, ...range(20, 65)];
  for (const i of open) for (const parity of runs[i]!) recoverer.onParity(parity);
  // Run 0 has lost both of its shards, and there is no place for another.
  recoverer.onParity(runs[0]![0]!);
  feed(recoverer, ...range(0, 65).map((i) => 3 * i));
  assert.deepEqual(drained(recoverer), range(1, 65).flatMap((i) => [3 * i + 1, 3 * i + 2]));
});

test("Recoverer gives just what the whole matrix determines, for any overlapping runs, loss and order", () => {
  const COUNT = 24;
  const run = fc.record({
    runStart: fc.nat({ max: COUNT - 1 }),
    dataCount: fc.integer({ min: 1, max: 10 }),
    index: fc.nat({ max: 5 }),
    slack: fc.nat({ max: 9 }),
  });
  const scenario = fc.array(run, { maxLength: 40 }).chain((runs) => {
    const parity = runs.map(({ runStart, dataCount, index, slack }) => {
      const bodies = range(runStart, Math.min(COUNT, runStart + dataCount)).map(bodyOf);
      return parityWith(bodies, runStart, index, slack);
    });
    return fc.shuffledSubarray<number | Parity>([...range(0, COUNT), ...parity]);
  });
  fc.assert(
    fc.property(scenario, (frames) => {
      const recoverer = new Recoverer();
      const known = new Set<number>();
      const rows: number[][] = [];
      for (const frame of frames) {
        if (typeof frame === "number") {
          if (known.has(frame)) continue;
          known.add(frame);
          feed(recoverer, frame);
        } else {
          const { runStart, dataCount, parityIndex } = frame;
          const row = parityRow(dataCount, parityIndex);
          rows.push(range(0, COUNT).map((number) => row[number - runStart] ?? 0));
          recoverer.onParity(frame);
        }
        const open = rows.map((row) => row.map((factor, i) => known.has(i) ? 0 : factor));
        const expected = determinedUnknowns(open);
        assert.deepEqual(drained(recoverer), expected);
        for (const number of expected) known.add(number);
      }
    }),
    { numRuns: 300 },
  );
});

test("Recoverer makes nearly all of a stream good whose parity slides along, at 20 % loss", () => {
  const next = seededFraction(11);
  const recoverer = new Recoverer();
  let lost = 0;
  let credit = 0;
  for (let number = 0; number < 4_000; number++) {
    if (next() < 0.2) lost++;
    else feed(recoverer, number);
    for (credit += 0.55; credit >= 1; credit--) {
      const runStart = Math.max(0, number - 29);
      const parity = parityWith(range(runStart, number + 1).map(bodyOf), runStart, number % 4);
      if (next() >= 0.2) recoverer.onParity(parity);
    }
    drained(recoverer);
  }
  assert.ok(lost > 700);
  assert.ok(lost - recoverer.recovered <= 8, `${lost - recoverer.recovered} of ${lost}`);
});
