import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ReceiveLoss } from "../../src/session/receive_loss.ts";
import { seededFraction } from "../support/seeded_random.ts";

/** What came of `count` frames at a loss rate. */
function arrivals(count: number, rate: number, seed = 1): number[] {
  const next = seededFraction(seed);
  return Array.from({ length: count }, (_, i) => i).filter(() => next() >= rate);
}

function lossOf(frameNumbers: readonly number[]): ReceiveLoss {
  const loss = new ReceiveLoss();
  for (const frameNumber of frameNumbers) loss.onArrived(frameNumber);
  return loss;
}

/** The same contract, written as slowly and plainly as possible. */
function slowRate(frameNumbers: readonly number[]): number {
  const come = new Set<number>();
  let [highest, judged, count, rate] = [-1, 0, 0, 0];
  for (const frameNumber of frameNumbers) {
    highest = Math.max(highest, frameNumber);
    for (; judged <= highest - 64; judged++) {
      count = Math.min(512, count + 1);
      rate += ((come.has(judged) ? 0 : 1) - rate) / count;
    }
    come.add(frameNumber);
  }
  return rate;
}

test("rate and byte are 0 before anything came, and when all of it came", () => {
  for (const loss of [lossOf([]), lossOf(arrivals(5_000, 0))]) {
    assert.equal(loss.rate, 0);
    assert.equal(loss.byte, 0);
  }
});

test("rate is the share of frames that did not come", () => {
  for (const rate of [0.01, 0.1, 0.3, 0.6, 0.9]) {
    for (let seed = 1; seed <= 20; seed++) {
      const found = lossOf(arrivals(20_000, rate, seed)).rate;
      const deviation = Math.sqrt(rate * (1 - rate) / 1_000);
      assert.ok(Math.abs(found - rate) < 4 * deviation, `${rate}: ${found}`);
    }
  }
});

test("byte is the loss as the wire writes it: floor(254 x rate)", () => {
  const every = (n: number) => Array.from({ length: 9_000 }, (_, i) => i * n);
  for (const numbers of [every(1), every(2), every(4), every(50), arrivals(9_000, 0.3)]) {
    const loss = lossOf(numbers);
    assert.equal(loss.byte, Math.floor(254 * loss.rate));
  }
  assert.ok(Math.abs(lossOf(every(2)).byte - 127) <= 1);
  assert.equal(lossOf(every(4_000)).byte, 253);
});

test("reordering within 64 frames is no loss", () => {
  const loss = new ReceiveLoss();
  loss.onArrived(0);
  for (let number = 2; number <= 64; number++) loss.onArrived(number);
  loss.onArrived(1);
  for (let number = 65; number <= 300; number++) loss.onArrived(number);
  assert.equal(loss.rate, 0);
});

test("a frame that 64 others have passed is lost, and stays so when it comes after all", () => {
  const loss = new ReceiveLoss();
  loss.onArrived(0);
  for (let number = 2; number <= 65; number++) loss.onArrived(number);
  loss.onArrived(1);
  for (let number = 66; number <= 163; number++) loss.onArrived(number);
  assert.ok(Math.abs(loss.rate - 1 / 100) < 1e-12, `${loss.rate}`);
});

test("any reordering in which no frame is passed by 64 others is no loss", () => {
  const delays = fc.array(fc.integer({ min: 0, max: 63 }), { minLength: 200, maxLength: 200 });
  fc.assert(fc.property(delays, (delays) => {
    const numbers = delays.map((delay, i) => ({ i, at: i + delay }));
    const order = numbers.sort((a, b) => a.at - b.at || a.i - b.i).map(({ i }) => i);
    assert.equal(lossOf([...order, ...arrivals(400, 0).slice(200)]).rate, 0);
  }));
});

test("a duplicate changes nothing", () => {
  const numbers = arrivals(3_000, 0.2);
  const repeated = numbers.flatMap((number) => [number, number, Math.max(0, number - 40), number]);
  const known = new Set(numbers);
  const echoes = repeated.filter((number) => known.has(number));
  assert.equal(lossOf(echoes).rate, lossOf(numbers).rate);
});

test("the average goes over the last few hundred frames", () => {
  const loss = lossOf(arrivals(5_000, 0.3));
  for (let number = 5_000; number < 5_300; number++) loss.onArrived(number);
  assert.ok(loss.rate > 0.1, "not forgotten at once");
  for (let number = 5_300; number < 9_000; number++) loss.onArrived(number);
  assert.ok(loss.rate < 0.002, `${loss.rate}`);
  assert.equal(loss.byte, 0);
});

test("a hostile jump costs a bounded number of steps, and is a loss that is forgotten again", () => {
  for (const to of [1e5, 2 ** 24, 2 ** 40, Number.MAX_SAFE_INTEGER - 20_000]) {
    const loss = lossOf([...arrivals(1_000, 0), to]);
    assert.ok(loss.rate > 0.99 && loss.rate <= 1, `${loss.rate}`);
    for (let number = to; number < to + 10_000; number++) loss.onArrived(number);
    assert.ok(loss.rate < 0.001, `${loss.rate}`);
  }
});

test("numbers far below the highest, as in a replay, change nothing", () => {
  const numbers = arrivals(3_000, 0.3);
  const replayed = numbers.flatMap((number) => [number, Math.max(0, number - 64 - number % 200)]);
  assert.equal(lossOf(replayed).rate, lossOf(numbers).rate);
});

test("rate agrees with counting, for any order, loss and repetition", () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -5, max: 6 }) },
    { weight: 1, arbitrary: fc.integer({ min: -200, max: 300 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1_500, size: "max" }), (steps) => {
      let highest = 0;
      const numbers = steps.map((step) => {
        const number = Math.max(0, highest + step);
        highest = Math.max(highest, number);
        return number;
      });
      const { rate } = lossOf(numbers);
      assert.ok(Math.abs(rate - slowRate(numbers)) < 1e-12);
    }),
    { numRuns: 200 },
  );
});
