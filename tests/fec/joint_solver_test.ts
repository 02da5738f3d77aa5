import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { JointSolver, MAX_EQUATIONS, type Solution } from "../../src/fec/joint_solver.ts";
import { LinearForm } from "../../src/fec/linear_form.ts";
import { Shard } from "../../src/fec/shard.ts";
import { determinedUnknowns } from "../support/dense_elimination.ts";
import { seededFraction } from "../support/seeded_random.ts";

const FIRST = 500;

/** A body that tells its number; their lengths differ. */
function bodyOf(number: number): Uint8Array {
  return new TextEncoder().encode(`body ${number}`.padEnd(9 + number * 7 % 13, "."));
}

/** The factors of unknowns from `FIRST` on. */
type Factors = readonly number[];

/** What an equation with these factors amounts to. */
function sumOf(factors: Factors): Shard {
  const sum = new Shard(0);
  factors.forEach((factor, i) => factor !== 0 && sum.addBody(bodyOf(FIRST + i), factor));
  return sum;
}

function add(solver: JointSolver, factors: Factors, sum: Shard = sumOf(factors)): Solution[] {
  return solver.add(new LinearForm(FIRST, Uint8Array.from(factors)), () => sum);
}

/** Checks the bodies, and returns their places from `FIRST` on. */
function places(solutions: readonly Solution[]): number[] {
  return solutions.map(({ frameNumber, body }) => {
    assert.deepEqual(body, bodyOf(frameNumber));
    return frameNumber - FIRST;
  });
}

/** What is no shard of a body. */
function nonsense(): Shard {
  return Shard.of(new Uint8Array(30).fill(0xff));
}

const COUNT = 10;
const anyFactors = fc.record({
  from: fc.nat({ max: COUNT - 1 }),
  factors: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: COUNT,
  }),
}).map(({ from, factors }) =>
  Array.from({ length: COUNT }, (_, i) => i < from ? 0 : factors[i - from] ?? 0)
);

test("add() gives an unknown that stands alone, and those that overlapping equations determine", () => {
  const solver = new JointSolver();
  assert.deepEqual(places(add(solver, [0, 5])), [1]);
  assert.deepEqual(add(solver, [1, 0, 2, 3]), []);
  assert.deepEqual(add(solver, [0, 0, 4, 5]), []);
  assert.deepEqual(places(add(solver, [7, 0, 0, 8])), [0, 2, 3]);
  assert.equal(solver.size, 0);
});

test("add() does not look at the shard of an equation that says nothing new", () => {
  const solver = new JointSolver();
  add(solver, [1, 2, 3]);
  const twice = new LinearForm(FIRST, Uint8Array.of(2, 4, 6));
  assert.deepEqual(solver.add(twice, () => assert.fail()), []);
  assert.equal(solver.size, 1);
});

test("learn() gives what a body that came determines besides", () => {
  const solver = new JointSolver();
  add(solver, [1, 2, 3, 0]);
  add(solver, [0, 1, 2, 3]);
  assert.deepEqual(solver.learn(FIRST + 9, bodyOf(FIRST + 9)), []);
  assert.deepEqual(solver.learn(FIRST, bodyOf(FIRST)), []);
  assert.deepEqual(places(solver.learn(FIRST + 2, bodyOf(FIRST + 2))), [1, 3]);
});

test("JointSolver gives at each step just what the whole matrix determines, from scratch", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: anyFactors },
    { weight: 1, arbitrary: fc.nat({ max: COUNT - 1 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const solver = new JointSolver();
      const known = new Set<number>();
      const equations: Factors[] = [];
      const unknown = (factors: Factors) => factors.map((each, i) => known.has(i) ? 0 : each);
      for (const step of steps) {
        let given: number[];
        if (typeof step === "number") {
          if (known.has(step)) continue;
          known.add(step);
          given = places(solver.learn(FIRST + step, bodyOf(FIRST + step)));
        } else {
          equations.push(step);
          given = places(add(solver, unknown(step)));
        }
        assert.deepEqual(given, determinedUnknowns(equations.map(unknown)));
        for (const place of given) known.add(place);
      }
    }),
    { numRuns: 400 },
  );
});

test("forgetBelow() loses nothing that the others can still say", () => {
  fc.assert(
    fc.property(
      fc.array(anyFactors, { maxLength: 12 }),
      fc.nat({ max: COUNT }),
      fc.array(anyFactors, { maxLength: 12 }),
      (before, limit, after) => {
        const solver = new JointSolver();
        const known = new Set<number>();
        const equations: Factors[] = [];
        for (const factors of before) {
          equations.push(factors);
          const unknown = factors.map((each, i) => known.has(i) ? 0 : each);
          for (const place of places(add(solver, unknown))) known.add(place);
        }
        solver.forgetBelow(FIRST + limit);
        for (const factors of after) {
          const later = factors.map((each, i) => i < limit || known.has(i) ? 0 : each);
          equations.push(later);
          const expected = determinedUnknowns(
            equations.map((each) => each.map((factor, i) => known.has(i) ? 0 : factor)),
          );
          const given = places(add(solver, later));
          assert.deepEqual(given, expected.filter((place) => place >= limit));
          for (const place of given) known.add(place);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test("JointSolver keeps 128 equations: the one with the lowest unknown gives way", () => {
  const solver = new JointSolver();
  const pair = (place: number) => [...new Array<number>(place).fill(0), 1, 1];
  // 0 and 1, 2 and 3, and so on; those of place 4 come last.
  const order = Array.from({ length: MAX_EQUATIONS + 2 }, (_, i) => 2 * i).filter((i) => i !== 4);
  for (const place of order) add(solver, pair(place));
  assert.equal(solver.size, MAX_EQUATIONS);
  // The lowest has gone; there is no room for what is lower than all others.
  add(solver, pair(0));
  assert.equal(solver.size, MAX_EQUATIONS);
  assert.deepEqual(solver.learn(FIRST, bodyOf(FIRST)), []);
  add(solver, pair(4));
  assert.deepEqual(solver.learn(FIRST + 2, bodyOf(FIRST + 2)), []);
  for (const place of [4, ...order.slice(2)]) {
    assert.deepEqual(
      places(solver.learn(FIRST + place, bodyOf(FIRST + place))),
      [place + 1],
    );
  }
  assert.equal(solver.size, 0);
});

test("a solution that is no shard of a body is not given out", () => {
  const solver = new JointSolver();
  assert.deepEqual(add(solver, [1], nonsense()), []);
  assert.equal(solver.size, 0);
  assert.deepEqual(places(add(solver, [1])), [0]);
});

test("a lie takes with it what it was added to, and nothing else", () => {
  const solver = new JointSolver();
  add(solver, [0, 0, 0, 0, 1, 2]);
  add(solver, [1, 1, 0], nonsense());
  add(solver, [0, 1, 1]);
  assert.equal(solver.size, 3);
  assert.deepEqual(solver.learn(FIRST, bodyOf(FIRST)), []);
  assert.equal(solver.size, 1, "both of the family");
  assert.deepEqual(places(solver.learn(FIRST + 4, bodyOf(FIRST + 4))), [5]);
  // What is said anew is believed.
  add(solver, [0, 1, 1]);
  assert.deepEqual(places(add(solver, [0, 1, 2])), [1, 2]);
});

test("a lie takes with it what it was added to also when they no longer share an unknown", () => {
  const solver = new JointSolver();
  add(solver, [1, 0, 1, 0, 0, 0, 0, 1], nonsense());
  // The first is added to it, and leaves 1, 2 and 6.
  add(solver, [1, 1, 3, 0, 0, 0, 1, 1]);
  solver.learn(FIRST + 2, bodyOf(FIRST + 2));
  assert.equal(solver.size, 2);
  assert.deepEqual(solver.learn(FIRST + 7, bodyOf(FIRST + 7)), []);
  assert.equal(solver.size, 0);
});

test("a lie takes with it what it was added to later on", () => {
  const solver = new JointSolver();
  add(solver, [1, 1, 0, 0, 0, 0, 1, 1]);
  // It is added to the first, and leaves 0 and 6 of that.
  add(solver, [0, 1, 0, 0, 0, 0, 0, 1], nonsense());
  assert.deepEqual(solver.learn(FIRST + 7, bodyOf(FIRST + 7)), []);
  assert.equal(solver.size, 0);
});

test("whatever the equations say, at most 128 are kept and no unknown is given twice", () => {
  const next = seededFraction(4);
  const solver = new JointSolver();
  const given = new Set<number>();
  for (let i = 0; i < 3_000; i++) {
    const from = Math.floor(next() * 400);
    const factors = Array.from(
      { length: from + 64 },
      (_, place) => place < from || given.has(FIRST + place) ? 0 : Math.floor(next() * 256),
    );
    const solutions = next() < 0.02 ? add(solver, factors, nonsense()) : add(solver, factors);
    for (const { frameNumber } of solutions) {
      assert.equal(given.has(frameNumber), false);
      given.add(frameNumber);
    }
    assert.ok(solver.size <= MAX_EQUATIONS);
  }
  assert.ok(given.size > 100, `${given.size}`);
});
