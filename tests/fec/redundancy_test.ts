import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  burstVariance,
  correlationOf,
  leastParity,
  repairFailure,
  residualLoss,
  runVariance,
} from "../../src/fec/redundancy.ts";

/** By going through all ways in which the frames of a run can be lost. */
function residualByCounting(dataCount: number, parityCount: number, loss: number): number {
  const frames = dataCount + parityCount;
  let residual = 0;
  for (let lost = 0; lost < 2 ** frames; lost++) {
    const count = lost.toString(2).replaceAll("0", "").length;
    const chance = loss ** count * (1 - loss) ** (frames - count);
    const dataLost = (lost % 2 ** dataCount).toString(2).replaceAll("0", "").length;
    if (count > parityCount) residual += chance * dataLost / dataCount;
  }
  return residual;
}

/** The variance of the losses among frames in a row, by adding up what each pair has in common. */
function varianceByPairs(places: readonly number[], stickiness: number): number {
  let sum = 0;
  for (const a of places) for (const b of places) sum += stickiness ** Math.abs(a - b);
  return sum / places.length;
}

const runs = fc.record({
  dataCount: fc.integer({ min: 1, max: 5 }),
  parityCount: fc.integer({ min: 0, max: 5 }),
  loss: fc.double({ min: 0, max: 0.9, noNaN: true }),
});

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

test("residualLoss() is the share of data frames that stay lost, counted out", () => {
  fc.assert(fc.property(runs, ({ dataCount, parityCount, loss }) => {
    const expected = residualByCounting(dataCount, parityCount, loss);
    assertNear(residualLoss(dataCount, parityCount, loss), expected, 1e-12);
  }));
});

test("residualLoss() without parity is the loss, whatever the correlation", () => {
  assert.equal(residualLoss(20, 0, 0.1), 0.1);
  assert.equal(residualLoss(20, 0, 0.1, 0.3), 0.1);
});

test("residualLoss() with hardly any correlation is that of independent losses", () => {
  assertNear(residualLoss(20, 4, 0.1, 1e-8), residualLoss(20, 4, 0.1), 1e-7);
});

test("residualLoss() with correlation averages over the loss rates that it stands for", () => {
  // With correlation 1/3 and a mean of one half every loss rate is as likely.
  let mean = 0;
  const steps = 20_000;
  for (let i = 0; i < steps; i++) mean += residualByRate(4, 2, (i + 0.5) / steps) / steps;
  assertNear(residualLoss(4, 2, 0.5, 1 / 3), mean, 1e-6);
});

/** Independent losses, beyond the loss that the product takes as the most. */
function residualByRate(dataCount: number, parityCount: number, loss: number): number {
  const frames = dataCount + parityCount - 1;
  let chance = 0;
  for (let lost = parityCount; lost <= frames; lost++) {
    let ways = 1;
    for (let i = 0; i < lost; i++) ways = ways * (frames - i) / (i + 1);
    chance += ways * loss ** lost * (1 - loss) ** (frames - lost);
  }
  return loss * chance;
}

test("residualLoss() falls with parity, and rises with correlation where parity is ample", () => {
  for (let parityCount = 1; parityCount < 20; parityCount++) {
    assert.ok(residualLoss(20, parityCount, 0.1) < residualLoss(20, parityCount - 1, 0.1));
  }
  for (const correlation of [0.01, 0.05, 0.2]) {
    assert.ok(residualLoss(20, 6, 0.1, correlation) > residualLoss(20, 6, 0.1, correlation / 2));
  }
});

test("repairFailure() is the chance that fewer arrive than are missing", () => {
  assert.equal(repairFailure(2, 3, 0.1), 1);
  assertNear(repairFailure(1, 1, 0.1), 0.1, 1e-15);
  assertNear(repairFailure(3, 2, 0.1), 3 * 0.1 ** 2 * 0.9 + 0.1 ** 3, 1e-15);
});

test("repairFailure() rises with correlation where more is sent than needed", () => {
  assert.ok(repairFailure(2, 1, 0.1, 0.3) > repairFailure(2, 1, 0.1));
});

test("burstVariance() is what pairs of frames in a row have in common", () => {
  for (const frames of [1, 2, 5, 20]) {
    for (const stickiness of [0, 0.2, 0.66]) {
      const places = Array.from({ length: frames }, (_, i) => i);
      assertNear(burstVariance(frames, stickiness), varianceByPairs(places, stickiness), 1e-9);
    }
  }
});

test("runVariance() takes the gaps between parity frames into account", () => {
  const places = [0, 1, 2, 5, 8, 11];
  assertNear(runVariance(3, 3, 3, 0.6), varianceByPairs(places, 0.6), 1e-9);
  assert.equal(runVariance(3, 3, 3, 0), 1);
});

test("correlationOf() gives the correlation that makes the variance so large", () => {
  const frames = 12;
  assertNear(correlationOf(1 + (frames - 1) * 0.25, frames), 0.25, 1e-12);
  assert.equal(correlationOf(1, frames), 0);
  assert.equal(correlationOf(7, 1), 0);
});

const WANTED: readonly (readonly [number, readonly number[]])[] = [
  [1, [0.51, 0.77, 0.95, 1.56, 2.47, 3.55]],
  [2, [0.51, 0.78, 1.00, 1.86, 3.11, 4.71]],
  [20, [0.61, 1.31, 2.97, 5.68, 11.05, 17.59]],
  [64, [0.95, 2.54, 6.44, 12.60, 25.94, 42.33]],
];

test("leastParity() needs what was found by hand for half a percent", () => {
  for (const [dataCount, means] of WANTED) {
    for (const [i, loss] of [0.01, 0.02, 0.05, 0.1, 0.2, 0.3].entries()) {
      const { mean } = leastParity((count) => residualLoss(dataCount, count, loss), 0.005, 128);
      assertNear(mean, means[i]!, 0.0051);
    }
  }
});

test("leastParity() meets the target on average, exactly", () => {
  fc.assert(fc.property(runs, ({ dataCount, loss }) => {
    const residualOf = (count: number) => residualLoss(dataCount, count, loss);
    const { low, high, share, mean } = leastParity(residualOf, 0.005, 200);
    assert.ok(low <= mean && mean <= high && share >= 0 && share <= 1);
    if (high === 200) return;
    const met = (1 - share) * residualOf(low) + share * residualOf(high);
    assert.ok(loss <= 0.005 ? mean === 0 : Math.abs(met - 0.005) < 1e-12);
  }));
});

test("leastParity() is the cheapest of all mixes of two counts", () => {
  fc.assert(fc.property(runs, fc.double({ min: 0.001, max: 0.1, noNaN: true }), (run, target) => {
    const residuals = Array.from(
      { length: 31 },
      (_, count) => residualLoss(run.dataCount, count, run.loss),
    );
    const { mean } = leastParity((count) => residuals[count]!, target, 30);
    for (let low = 0; low <= 30; low++) {
      for (let high = low + 1; high <= 30; high++) {
        const [worse, better] = [residuals[low]!, residuals[high]!];
        if (worse <= target) assert.ok(mean <= low + 1e-9);
        else if (better <= target) {
          const share = (worse - target) / (worse - better);
          assert.ok(mean <= low + share * (high - low) + 1e-9);
        }
      }
    }
  }));
});

test("leastParity() uses all that it may when the target is out of reach", () => {
  const mix = leastParity((count) => residualLoss(20, count, 0.5), 0.005, 8);
  assert.deepEqual(mix, { low: 8, high: 8, share: 0, mean: 8 });
});
