import assert from "node:assert/strict";
import { test } from "node:test";
import { lossByteForOriginal, parityOfOriginal } from "../../src/fec/effective_loss.ts";
import { burstVariance, correlationOf, residualLoss } from "../../src/fec/redundancy.ts";

const TARGET = 0.005;

function residual(dataCount: number, parityCount: number, loss: number, stickiness: number) {
  const frames = dataCount + parityCount;
  const correlation = correlationOf(burstVariance(frames, stickiness), frames);
  return residualLoss(dataCount, parityCount, loss, correlation);
}

test("parityOfOriginal() is what was seen of the original at 10 % loss", () => {
  assert.equal(parityOfOriginal(25, 16), 5);
  assert.equal(parityOfOriginal(25, 7), 3);
});

test("parityOfOriginal() is nothing at 0, and at most twice the data", () => {
  assert.equal(parityOfOriginal(0, 16), 0);
  assert.equal(parityOfOriginal(254, 16), 32);
});

test("lossByteForOriginal() is the smallest byte that makes it meet the target", () => {
  for (const dataCount of [2, 7, 16]) {
    for (const loss of [0.01, 0.02, 0.05, 0.1, 0.2]) {
      for (const stickiness of [0, 0.3, 0.6]) {
        const byte = lossByteForOriginal(loss, stickiness, dataCount, TARGET);
        const met = (value: number) =>
          residual(dataCount, parityOfOriginal(value, dataCount), loss, stickiness) <= TARGET;
        if (parityOfOriginal(byte, dataCount) < 2 * dataCount) assert.ok(met(byte));
        assert.ok(!met(byte - 1), `${dataCount} ${loss} ${stickiness}: ${byte} is too much`);
      }
    }
  }
});

test("lossByteForOriginal() is 0 where nothing needs repair", () => {
  assert.equal(lossByteForOriginal(0, 0, 16, TARGET), 0);
  assert.equal(lossByteForOriginal(TARGET, 0.5, 16, TARGET), 0);
});

test("lossByteForOriginal() is the smallest byte for the most, when the target is out of reach", () => {
  const byte = lossByteForOriginal(0.5, 0.9, 2, TARGET);
  assert.equal(parityOfOriginal(byte, 2), 4);
  assert.ok(parityOfOriginal(byte - 1, 2) < 4);
});
