import { test } from "node:test";
import assert from "node:assert/strict";
import { lossByteForOriginal } from "../../src/fec/effective_loss.ts";
import { LossReport } from "../../src/session/loss_report.ts";
import { ReceiveLoss } from "../../src/session/receive_loss.ts";
import { seededFraction } from "../support/seeded_random.ts";

/** Frames of which some are lost; what was measured, and the bytes that were told on the way. */
function run(interval: number, loss: number, isOwnKind: boolean) {
  const next = seededFraction(3);
  const receiveLoss = new ReceiveLoss();
  const report = new LossReport();
  const bytes: number[] = [];
  let total = 0;
  for (let frame = 0; frame < 2000; frame++) {
    const now = frame * interval;
    if (next() < loss) continue;
    receiveLoss.onArrived(frame, now);
    bytes.push(report.byte(receiveLoss, isOwnKind, ++total, now));
  }
  return { receiveLoss, bytes };
}

test("byte() tells our own kind the loss as it is", () => {
  const { receiveLoss, bytes } = run(5, 0.1, true);
  assert.equal(bytes.at(-1), receiveLoss.byte);
  assert.ok(receiveLoss.byte > 15);
});

test("byte() tells a sender of the original what makes it send enough, for the runs that it makes", () => {
  for (const [interval, dataCount] of [[5, 16], [19, 16], [40, 1]] as const) {
    const { receiveLoss: { rate, stickiness, byte }, bytes } = run(interval, 0.1, false);
    const wanted = lossByteForOriginal(rate, stickiness, dataCount, 0.005);
    const told = Math.min(2 * byte, Math.max(byte, wanted));
    assert.ok(Math.abs(bytes.at(-1)! - told) <= 2, `${interval} ms: ${bytes.at(-1)}, ${told}`);
  }
});

test("byte() is at least the loss and at most twice that, whatever the original would need", () => {
  for (const loss of [0.02, 0.1, 0.3]) {
    const { receiveLoss, bytes } = run(5, loss, false);
    assert.ok(bytes.at(-1)! >= receiveLoss.byte && bytes.at(-1)! <= 2 * receiveLoss.byte);
  }
});

test("byte() is 0 while nothing is lost", () => {
  assert.deepEqual(new Set(run(5, 0, false).bytes), new Set([0]));
});
