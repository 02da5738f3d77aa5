import assert from "node:assert/strict";
import { test } from "node:test";
import { figuresOf, type RepairLoopOptions, runRepairLoop } from "../support/repair_loop.ts";

const VOICE: RepairLoopOptions = {
  seed: 1,
  interval: 20,
  frames: 20_600,
  rtt: 60,
  reportInterval: 20,
  tolerance: 25,
  phases: [],
};
const FAST: RepairLoopOptions = { ...VOICE, interval: 1, frames: 32_000 };
const WARM_UP = 12_000;

function steady(options: RepairLoopOptions, loss: number, burst = 1) {
  const result = runRepairLoop({ ...options, phases: [{ from: 0, loss, burst }] });
  return figuresOf(result, options.tolerance, WARM_UP, Infinity);
}

test("RepairMachine leaves 0.7 % of voice lost at 10 %, within 25 ms", () => {
  const { residual, overhead, p99 } = steady(VOICE, 0.1);
  assert.ok(residual <= 0.007, `residual ${residual}`);
  assert.ok(overhead <= 1.1, `overhead ${overhead}`);
  assert.ok(p99 <= 25, `p99 ${p99}`);
});

test("RepairMachine needs a quarter of that where 100 ms are tolerated", () => {
  const { residual, overhead } = steady({ ...VOICE, rtt: 20, tolerance: 100 }, 0.1);
  assert.ok(residual <= 0.007, `residual ${residual}`);
  assert.ok(overhead <= 0.25, `overhead ${overhead}`);
});

test("RepairMachine meets the target up to 20 % loss of 1,000 frames a second", () => {
  for (const [loss, most] of [[0.01, 0.035], [0.05, 0.16], [0.2, 0.56]] as const) {
    const { residual, overhead } = steady(FAST, loss);
    assert.ok(residual <= 0.007, `loss ${loss}: residual ${residual}`);
    assert.ok(overhead <= most, `loss ${loss}: overhead ${overhead}`);
  }
});

test("RepairMachine meets the target towards the original", () => {
  const { residual, overhead } = steady({ ...FAST, solvesJointly: false }, 0.1);
  assert.ok(residual <= 0.007, `residual ${residual}`);
  assert.ok(overhead <= 0.33, `overhead ${overhead}`);
});

test("RepairMachine copes with bursts of 3 at 1,000 frames a second", () => {
  for (const [loss, most] of [[0.02, 0.28], [0.1, 0.7]] as const) {
    const { residual, overhead } = steady(FAST, loss, 3);
    assert.ok(residual <= 0.0085, `loss ${loss}: residual ${residual}`);
    assert.ok(overhead <= most, `loss ${loss}: overhead ${overhead}`);
  }
});

test("RepairMachine sends nothing where frames are only reordered", () => {
  const result = runRepairLoop({
    ...FAST,
    frames: 20_000,
    phases: [{ from: 0, loss: 0 }],
    reordered: { share: 0.2, by: 50 },
  });
  const { overhead } = figuresOf(result, Infinity, WARM_UP, Infinity);
  assert.ok(result.machine.explain(20_000).loss < 0.005);
  assert.ok(overhead < 0.01, `overhead ${overhead}`);
});

test("RepairMachine has answered a step of the loss within a second", () => {
  let residual = 0;
  for (let seed = 1; seed <= 8; seed++) {
    const phases = [{ from: 0, loss: 0.05 }, { from: 10_000, loss: 0.2 }];
    const result = runRepairLoop({ ...FAST, seed, frames: 12_100, phases });
    residual += figuresOf(result, FAST.tolerance, 11_000, 12_000).residual / 8;
  }
  assert.ok(residual <= 0.01, `residual ${residual}`);
});

test("RepairMachine sends exactly nothing after three seconds without loss", () => {
  for (const interval of [1, 10, 20]) {
    const phases = [{ from: 0, loss: 0.2 }, { from: 10_000, loss: 0 }];
    const result = runRepairLoop({ ...VOICE, interval, frames: 20_000 / interval, phases });
    assert.equal(figuresOf(result, 25, 13_000, Infinity).overhead, 0, `interval ${interval}`);
    assert.ok(figuresOf(result, 25, 5000, 10_000).overhead > 0.3, `interval ${interval}`);
  }
});

test("RepairMachine adds no more than 8 points to the loss of a link that is overfilled", () => {
  for (const queue of [2, 20, 100]) {
    const result = runRepairLoop({
      ...FAST,
      frames: 60_000,
      phases: [{ from: 0, loss: 0 }],
      link: { rate: 1 / 1.2, queue },
    });
    const { loss } = figuresOf(result, 25, 5000, Infinity);
    assert.ok(loss <= 1 / 6 + 0.08, `queue ${queue}: ${loss}`);
  }
});
