import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteBudget } from "../../src/byte_budget.ts";
import { isSoundParity, MAX_DATA_COUNT, type Parity, Recoverer } from "../../src/fec/recoverer.ts";
import { bodyOf, drained, feed, parityOf, range } from "../support/parity_runs.ts";
import { parseHex, vectors } from "../support/vectors.ts";

test("Recoverer rebuilds a lost body when the parity comes after the data", () => {
  const recoverer = new Recoverer();
  feed(recoverer, 0, 1, 3);
  const [first, second] = parityOf(0, 4, 2);
  recoverer.onParity(first!);
  assert.deepEqual(drained(recoverer), [2]);
  recoverer.onParity(second!);
  assert.deepEqual(drained(recoverer), []);
  assert.equal(recoverer.recovered, 1);
});

test("Recoverer rebuilds a lost body when data comes after the parity", () => {
  const recoverer = new Recoverer();
  parityOf(0, 4, 2).forEach((parity) => recoverer.onParity(parity));
  feed(recoverer, 3);
  assert.deepEqual(drained(recoverer), []);
  feed(recoverer, 0);
  assert.deepEqual(drained(recoverer), [1, 2]);
});

test("Recoverer rebuilds a run of which no data came at all", () => {
  const recoverer = new Recoverer();
  for (const parity of parityOf(0, 3, 3)) recoverer.onParity(parity);
  assert.deepEqual(drained(recoverer), [0, 1, 2]);
  assert.equal(recoverer.recovered, 3);
});

test("Recoverer never gives a body that came by itself", () => {
  const recoverer = new Recoverer();
  feed(recoverer, 0, 1, 2, 3);
  for (const parity of parityOf(0, 4, 4)) recoverer.onParity(parity);
  assert.deepEqual(drained(recoverer), []);
  assert.equal(recoverer.recovered, 0);
});

test("Recoverer gives a body once, also when its frame comes late or its parity is repeated", () => {
  const recoverer = new Recoverer();
  const parity = parityOf(0, 4, 3);
  feed(recoverer, 0, 1, 2);
  recoverer.onParity(parity[0]!);
  assert.deepEqual(drained(recoverer), [3]);
  feed(recoverer, 3);
  for (const each of [...parity, ...parity]) recoverer.onParity(each);
  // A run of other numbers over the same frames finds them all there.
  for (const each of parityOf(2, 2, 2)) recoverer.onParity(each);
  assert.deepEqual(drained(recoverer), []);
});

test("Recoverer counts parity of one index once", () => {
  const recoverer = new Recoverer();
  const parity = parityOf(0, 4, 2);
  feed(recoverer, 0, 1);
  for (let i = 0; i < 10; i++) recoverer.onParity(parity[1]!);
  assert.deepEqual(drained(recoverer), []);
  recoverer.onParity(parity[0]!);
  assert.deepEqual(drained(recoverer), [2, 3]);
});

test("Recoverer keeps copies: what becomes of the caller's memory does not matter", () => {
  const recoverer = new Recoverer();
  const memory = bodyOf(0);
  recoverer.onData(0, memory);
  memory.fill(0);
  const [first, second] = parityOf(0, 3, 2);
  const lent = { ...first!, body: first!.body.slice() };
  recoverer.onParity(lent);
  lent.body.fill(0);
  recoverer.onParity(second!);
  assert.deepEqual(drained(recoverer), [1, 2]);
});

test("Recoverer rebuilds the original's bodies from the original's parity, all that it can", () => {
  for (const { bodies, parity, dataCount, parityCount, padSize } of vectors.reedSolomon) {
    if (dataCount > MAX_DATA_COUNT) continue;
    const lost = Math.min(dataCount, parityCount);
    const recoverer = new Recoverer();
    bodies.forEach((body, i) => i >= lost && recoverer.onData(i, parseHex(body)));
    parity.forEach((shard, parityIndex) => {
      const body = parseHex(shard);
      recoverer.onParity({ runStart: 0, dataCount, parityCount, parityIndex, padSize, body });
    });
    for (let i = 0; i < lost; i++) {
      assert.deepEqual(recoverer.pollBody(), { frameNumber: i, body: parseHex(bodies[i]!) });
    }
    assert.equal(recoverer.pollBody(), undefined);
  }
});

test("Recoverer rebuilds no run that begins below the window of bodies", () => {
  const recoverer = new Recoverer();
  feed(recoverer, 256);
  for (const parity of parityOf(0, 2, 2)) recoverer.onParity(parity);
  assert.deepEqual(drained(recoverer), []);
  for (const parity of parityOf(1, 2, 2)) recoverer.onParity(parity);
  assert.deepEqual(drained(recoverer), [1, 2]);
});

test("Recoverer gives no body that has left the window since the parity of its run came", () => {
  const recoverer = new Recoverer();
  recoverer.onParity(parityOf(0, 3, 1)[0]!);
  feed(recoverer, 1, 256, 2);
  assert.deepEqual(drained(recoverer), []);
  assert.equal(recoverer.recovered, 0);
});

test("Recoverer takes a run that begins up to 256 above the highest frame number", () => {
  for (const [runStart, expected] of [[266, [266]], [267, []]] as const) {
    const recoverer = new Recoverer();
    feed(recoverer, 10);
    recoverer.onParity(parityOf(runStart, 1, 1)[0]!);
    assert.deepEqual(drained(recoverer), expected);
  }
});

test("Recoverer lets replayed parity of old runs push out no newer one", () => {
  const recoverer = new Recoverer();
  const recent = range(0, 16).map((i) => parityOf(100 + 4 * i, 4, 2));
  for (const run of recent) recoverer.onParity(run[0]!);
  for (let i = 0; i < 24; i++) for (const old of parityOf(4 * i, 4, 3)) recoverer.onParity(old);
  for (const [i] of recent.entries()) feed(recoverer, ...range(100 + 4 * i, 103 + 4 * i));
  assert.deepEqual(drained(recoverer), recent.map((_, i) => 103 + 4 * i));
});

test("Recoverer drops a rebuilt shard whose length does not fit the pad size", () => {
  const recoverer = new Recoverer();
  const [sound] = parityOf(0, 1, 1);
  const body = new Uint8Array(sound!.padSize).fill(0xff);
  recoverer.onParity({ ...sound!, body });
  assert.deepEqual(drained(recoverer), []);
  // The run is not done by that: the right shard still rebuilds it.
  recoverer.onParity(sound!);
  assert.deepEqual(drained(recoverer), [0]);
});

test("Recoverer survives a body that is too long for its run", () => {
  const recoverer = new Recoverer();
  recoverer.onData(0, new Uint8Array(100));
  for (const parity of parityOf(0, 2, 2)) recoverer.onParity(parity);
  assert.deepEqual(drained(recoverer), []);
});

test("isSoundParity() takes the limits and nothing beyond them", () => {
  const sound = (change: Partial<Parity>, length?: number) => {
    const padSize = change.padSize ?? 10;
    const parity = { runStart: 0, dataCount: 4, parityCount: 2, parityIndex: 1, padSize };
    return isSoundParity({ ...parity, body: new Uint8Array(length ?? padSize), ...change });
  };
  const top = Number.MAX_SAFE_INTEGER;
  for (
    const change of [
      {},
      { dataCount: 1 },
      { dataCount: 64 },
      { parityCount: 64, parityIndex: 63 },
      { padSize: 2 },
      { padSize: 1500 },
      { runStart: top - 3 },
    ]
  ) {
    assert.equal(sound(change), true, JSON.stringify(change));
  }
  for (
    const change of [
      { dataCount: 0 },
      { dataCount: 65 },
      { dataCount: 1.5 },
      { parityCount: 0, parityIndex: 0 },
      { parityCount: 65 },
      { parityIndex: 2 },
      { parityIndex: -1 },
      { padSize: 1 },
      { padSize: 1501 },
      { runStart: -1 },
      { runStart: top - 2 },
      { runStart: NaN },
    ]
  ) {
    assert.equal(sound(change), false, JSON.stringify(change));
  }
  assert.equal(sound({}, 9), false);
});

test("Recoverer survives any numbers and bytes, and still works afterwards", () => {
  const number = fc.oneof(
    fc.integer({ min: -2, max: 70 }),
    fc.constantFrom(NaN, Infinity, 0.5, 2 ** 40, Number.MAX_SAFE_INTEGER, 2 ** 60, 255, 256),
  );
  const body = fc.uint8Array({ maxLength: 12 });
  const parity = fc.record({
    runStart: number,
    dataCount: fc.oneof(fc.integer({ min: 1, max: 4 }), number),
    parityCount: fc.oneof(fc.integer({ min: 1, max: 4 }), number),
    parityIndex: fc.oneof(fc.integer({ min: 0, max: 3 }), number),
    body,
  }).chain((frame) =>
    fc.oneof(fc.constant(frame.body.length), number).map((padSize) => ({ ...frame, padSize }))
  );
  const data = fc.record({ frameNumber: fc.integer({ min: -2, max: 70 }), body });
  fc.assert(
    fc.property(fc.array(fc.oneof(parity, data), { maxLength: 60 }), (frames) => {
      const recoverer = new Recoverer();
      const came = new Set<number>();
      for (const frame of frames) {
        if ("runStart" in frame) recoverer.onParity(frame);
        else {
          recoverer.onData(frame.frameNumber, frame.body);
          came.add(frame.frameNumber);
        }
        for (let next = recoverer.pollBody(); next; next = recoverer.pollBody()) {
          assert.equal(came.has(next.frameNumber), false);
          came.add(next.frameNumber);
        }
      }
      feed(recoverer, 2000);
      recoverer.onParity(parityOf(1999, 2, 1)[0]!);
      assert.deepEqual(drained(recoverer), [1999]);
    }),
    { numRuns: 500 },
  );
});

test("Recoverer agrees with counting, for any loss, order and repetition in a row of runs", () => {
  const shape = fc.tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 8 }));
  const scenario = fc.array(shape, { minLength: 1, maxLength: 6 }).chain((shapes) => {
    let next = 0;
    const frames: (number | Parity)[] = [];
    for (const [dataCount, parityCount] of shapes) {
      frames.push(...range(next, next + dataCount), ...parityOf(next, dataCount, parityCount));
      next += dataCount;
    }
    return fc.shuffledSubarray(frames);
  });
  fc.assert(fc.property(scenario, (frames) => {
    const recoverer = new Recoverer();
    const known = new Set<number>();
    const shards = new Map<number, Set<number>>();
    let recovered = 0;
    for (const frame of frames) {
      if (typeof frame === "number") {
        if (!known.has(frame)) feed(recoverer, frame);
        known.add(frame);
      } else {
        recoverer.onParity(frame);
        recoverer.onParity(frame);
        const { runStart, parityIndex } = frame;
        shards.set(runStart, (shards.get(runStart) ?? new Set()).add(parityIndex));
      }
      const expected: number[] = [];
      for (const each of frames) {
        if (typeof each === "number") continue;
        const run = range(each.runStart, each.runStart + each.dataCount);
        const lost = run.filter((number) => !known.has(number));
        if (lost.length === 0 || lost.length > (shards.get(each.runStart)?.size ?? 0)) continue;
        for (const number of lost) known.add(number);
        expected.push(...lost);
      }
      recovered += expected.length;
      assert.deepEqual(drained(recoverer), expected);
      assert.equal(recoverer.recovered, recovered);
    }
  }));
});

test("Recoverer keeps no more than it has memory for, and release() gives all of it back", () => {
  const budget = new ByteBudget(40_000);
  const recoverer = new Recoverer(budget);
  for (let frame = 0; frame < 256; frame++) recoverer.onData(frame, new Uint8Array(1_000));
  assert.ok(budget.used <= 40_000 && budget.used > 35_000, `${budget.used}`);
  const body = new Uint8Array(1_002);
  const numbers = { dataCount: 64, parityCount: 64, padSize: body.length, body };
  for (let i = 0; i < 1_000; i++) {
    recoverer.onParity({ ...numbers, runStart: 256 + i % 190, parityIndex: i % 64 });
    assert.ok(budget.used <= 40_000, `${budget.used}`);
  }
  recoverer.release();
  assert.equal(budget.used, 0);
});
