import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ReceiveLoss } from "../../src/session/receive_loss.ts";
import { seededFraction } from "../support/seeded_random.ts";

/** The loss after these numbers came, one a millisecond. */
function lossOf(frameNumbers: readonly number[]): ReceiveLoss {
  const loss = new ReceiveLoss();
  frameNumbers.forEach((frameNumber, i) => loss.onArrived(frameNumber, i));
  return loss;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Loses a share of some numbers, in bursts of a mean length. */
function lossy(numbers: readonly number[], rate: number, burst = 1, seed = 1): number[] {
  const next = seededFraction(seed);
  const begin = burst > 1 ? rate / (burst * (1 - rate)) : rate;
  let isLost = false;
  return numbers.filter(() => {
    isLost = next() < (isLost && burst > 1 ? 1 - 1 / burst : begin);
    return !isLost;
  });
}

/** Delays each number by a number of places. */
function delayed(numbers: readonly number[], places: () => number): number[] {
  return numbers.map((number, i) => ({ number, at: i + places() }))
    .sort((a, b) => a.at - b.at || a.number - b.number).map(({ number }) => number);
}

test("rate and byte are 0 before anything came, and when all of it came", () => {
  for (const loss of [lossOf([]), lossOf(range(0, 5_000))]) {
    assert.equal(loss.rate, 0);
    assert.equal(loss.byte, 0);
  }
});

test("rate is within 15 % of the share that did not come, after 500 packets, also in bursts", () => {
  for (const rate of [0.002, 0.01, 0.05, 0.1, 0.3, 0.5]) {
    for (const burst of [1, 3]) {
      for (const interval of [1, 10]) {
        let close = 0;
        for (let seed = 1; seed <= 50; seed++) {
          const numbers = lossy(range(0, 540), rate, burst, seed);
          const loss = new ReceiveLoss();
          for (const number of numbers) loss.onArrived(number, number * interval);
          const judged = numbers.at(-1)! - 7;
          const lost = 1 - numbers.filter((number) => number < judged).length / judged;
          if (Math.abs(loss.rate - lost) <= 0.15 * lost) close++;
        }
        assert.ok(close >= 45, `${rate} in bursts of ${burst}, each ${interval} ms: ${close}`);
      }
    }
  }
});

test("byte is the loss as the wire writes it: floor(254 x rate)", () => {
  const every = (n: number) => range(0, 3_000).map((number) => number * n);
  for (const numbers of [every(1), every(2), every(4), every(50), lossy(range(0, 3_000), 0.3)]) {
    const loss = lossOf(numbers);
    assert.equal(loss.byte, Math.floor(254 * loss.rate));
  }
  assert.ok(Math.abs(lossOf(every(2)).byte - 127) <= 1);
  const three = lossOf(range(0, 900).filter((number) => number % 300 !== 0));
  assert.equal(three.byte, 0, "a third of a percent");
});

test("byte is 0 when nothing has been lost for some seconds", () => {
  for (const framesPerSecond of [50, 100, 1_000]) {
    for (const rate of [0.01, 0.05, 0.3]) {
      const loss = new ReceiveLoss();
      let number = 0;
      const run = (seconds: number, chance: number) => {
        const numbers = range(number, number += seconds * framesPerSecond);
        const sent = lossy(numbers, chance);
        for (const each of sent) loss.onArrived(each, each * 1_000 / framesPerSecond);
      };
      run(20, rate);
      run(3, 0);
      assert.equal(loss.byte, 0, `${rate} at ${framesPerSecond} frames a second`);
    }
  }
});

test("a frame is judged once 64 others have passed it", () => {
  const loss = lossOf([0, ...range(2, 64)]);
  loss.onArrived(64, 100);
  assert.equal(loss.rate, 0, "passed by 63");
  loss.onArrived(65, 100);
  assert.equal(loss.rate, 1 / 64);
});

test("patience shrinks to 8 while frames keep their order", () => {
  const loss = lossOf([...range(0, 1_000), ...range(1_001, 1_008)]);
  assert.equal(loss.rate, 0, "passed by seven");
  loss.onArrived(1_008, 1_100);
  assert.equal(loss.rate, 1 / 1_001);
});

test("patience is raised at once when two frames come nearly as late as that", () => {
  const loss = lossOf([...range(0, 1_000), ...range(1_002, 1_009), 1_000, 1_001]);
  // Seven had passed the second of them, so the next is judged when eleven have.
  for (const number of range(1_010, 1_020)) loss.onArrived(number, 1_100);
  assert.equal(loss.rate, 0);
  loss.onArrived(1_020, 1_100);
  assert.ok(loss.rate > 0);
});

test("a single straggler is no reason to wait: it is taken back, and no more", () => {
  const loss = lossOf([...range(0, 1_000), ...range(1_001, 1_200), 1_000]);
  assert.equal(loss.rate, 0);
  for (const number of range(1_201, 1_209)) loss.onArrived(number, 1_300);
  assert.equal(loss.rate, 1 / 1_201);
});

test("a frame that comes after it was judged to be lost was not: the judgement is taken back", () => {
  for (const passedBy of [70, 500, 3_000, 8_100]) {
    const loss = lossOf([0, ...range(2, 2 + passedBy)]);
    assert.ok(loss.rate > 0);
    loss.onArrived(1, 100);
    assert.equal(loss.rate, 0, `${passedBy}`);
    assert.equal(loss.stickiness, 0);
  }
});

test("20 % of the frames reordered by up to 50 places are no loss", () => {
  for (const interval of [0.1, 1, 10]) {
    for (let seed = 1; seed <= 50; seed++) {
      const next = seededFraction(seed);
      const numbers = delayed(range(0, 6_000), () => next() < 0.2 ? next() * 50 : 0);
      const loss = new ReceiveLoss();
      let worst = 0;
      numbers.forEach((number, i) => {
        loss.onArrived(number, i * interval);
        worst = Math.max(worst, loss.rate);
      });
      assert.ok(worst < 0.005, `${worst}`);
      assert.equal(loss.byte, 0);
    }
  }
});

test("frames that come later than that are no loss either, once patience knows", () => {
  const next = seededFraction(3);
  const numbers = delayed(range(0, 20_000), () => next() < 0.2 ? next() * 500 : 0);
  const loss = new ReceiveLoss();
  let worst = 0;
  numbers.forEach((number, i) => {
    loss.onArrived(number, i / 10);
    if (i > 5_000) worst = Math.max(worst, loss.rate);
  });
  assert.ok(worst < 0.005, `${worst}`);
});

test("loss is found among reordered frames", () => {
  const next = seededFraction(6);
  const numbers = delayed(range(0, 6_000), () => next() < 0.2 ? next() * 50 : 0);
  for (const rate of [0.01, 0.1]) {
    const came = lossy(numbers, rate);
    const lost = 1 - came.length / numbers.length;
    const { rate: found, stickiness } = lossOf(came);
    assert.ok(Math.abs(found - lost) < 0.15 * lost, `${found} of ${lost}`);
    assert.ok(stickiness < 0.1, `${stickiness}`);
  }
});

test("any order in which each frame comes in the end is no loss in the end", () => {
  const delays = fc.array(fc.nat({ max: 300 }), { minLength: 400, maxLength: 400 });
  fc.assert(fc.property(delays, (delays) => {
    const places = delays.values();
    const numbers = delayed(range(0, 400), () => places.next().value ?? 0);
    const loss = lossOf([...numbers, ...range(400, 800)]);
    assert.equal(loss.rate, 0);
    assert.equal(loss.stickiness, 0);
  }));
});

test("rate and stickiness are in the end what they would be had all that came kept its order", () => {
  const place = fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 200 }));
  const places = fc.array(place, { minLength: 300, maxLength: 300 });
  fc.assert(fc.property(places, (places) => {
    const came = range(0, 300).filter((number) => places[number]![0] > 3);
    const delays = came.map((number) => places[number]![1]).values();
    const tail = range(300, 600);
    const judgedAtOnce = (numbers: readonly number[]) => {
      const loss = new ReceiveLoss();
      for (const number of [...numbers, ...tail, ...range(600, 1_400)]) loss.onArrived(number, 0);
      return loss;
    };
    const expected = judgedAtOnce(came);
    const found = judgedAtOnce(delayed(came, () => delays.next().value ?? 0));
    // Patience differs, so the number of frames that are judged does too.
    assert.ok(Math.abs(found.rate - expected.rate) <= 0.3 * expected.rate);
    assert.ok(Math.abs(found.stickiness - expected.stickiness) < 0.02);
  }));
});

test("a duplicate changes nothing", () => {
  const numbers = lossy(range(0, 3_000), 0.2);
  const known = new Set(numbers);
  const once = new ReceiveLoss();
  const often = new ReceiveLoss();
  numbers.forEach((number, i) => {
    once.onArrived(number, i);
    for (const each of [number, number - 40, number, number - 2_000]) {
      if (known.has(each)) often.onArrived(each, i);
    }
  });
  assert.equal(often.rate, once.rate);
  assert.equal(often.stickiness, once.stickiness);
});

test("stickiness tells how losses cling together", () => {
  const lossIn = (burst: number) => lossOf(lossy(range(0, 12_000), 0.1, burst));
  assert.ok(lossIn(1).stickiness < 0.05);
  assert.ok(Math.abs(lossIn(3).stickiness - 0.63) < 0.08, `${lossIn(3).stickiness}`);
});

test("a jump over more than a thousand numbers is an outage, and does not count", () => {
  for (const to of [2_024, 1e5, 2 ** 24, 2 ** 40, Number.MAX_SAFE_INTEGER - 20_000]) {
    const loss = lossOf([...range(0, 500), ...range(501, 1_000), ...range(to, to + 1_000)]);
    assert.equal(loss.rate, 1 / (2 * (1_000 - 8)), `${to}`);
  }
  const counted = lossOf([...range(0, 1_000), ...range(2_023, 2_100)]);
  assert.ok(counted.rate > 0.4, `${counted.rate}`);
});

test("jumps of a hostile number cost nothing", () => {
  const loss = new ReceiveLoss();
  for (let i = 0; i < 10_000; i++) loss.onArrived(i * 2 ** 24, i);
  assert.ok(loss.rate <= 1);
});

test("numbers below a jump change nothing: what was missing there was not counted", () => {
  const numbers = [...lossy(range(0, 9_000), 0.1), ...range(20_000, 20_200)];
  const expected = lossOf(numbers);
  const loss = lossOf(numbers);
  for (const number of range(17_000, 18_900)) loss.onArrived(number, 4_000);
  assert.equal(loss.rate, expected.rate);
});

test("numbers far below the highest, as in a replay, change nothing", () => {
  const expected = lossOf(lossy(range(0, 12_000), 0.3));
  const loss = lossOf(lossy(range(0, 12_000), 0.3));
  for (const number of range(0, 3_000)) loss.onArrived(number, 12_000);
  assert.equal(loss.rate, expected.rate);
});

test("rate is the share that is missing, for any order, loss and repetition", () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -5, max: 6 }) },
    { weight: 1, arbitrary: fc.integer({ min: -200, max: 300 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1_500, size: "max" }), (steps) => {
      const loss = new ReceiveLoss();
      const come = new Set<number>();
      let highest = 0;
      for (const step of [...steps, ...new Array<number>(1_100).fill(1)]) {
        const number = Math.max(0, highest + step);
        highest = Math.max(highest, number);
        come.add(number);
        // All at once: so nothing is forgotten.
        loss.onArrived(number, 0);
      }
      // What patience has not judged yet is all there.
      const missing = range(0, highest + 1).filter((number) => !come.has(number)).length;
      assert.ok(missing === 0 || loss.rate >= missing / (highest + 1));
      assert.ok(loss.rate <= missing / Math.max(64, highest - 1_100));
    }),
    { numRuns: 200 },
  );
});
