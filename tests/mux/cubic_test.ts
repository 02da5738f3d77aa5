import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { AckSample } from "../../src/mux/congestion.ts";
import { CubicGrowth } from "../../src/mux/cubic.ts";
import { LossBased } from "../../src/mux/loss_based.ts";

const RTT = 100;
const BETA = 0.7;
const C = 0.4;

/** A path without a queue: every round trip a whole window is acknowledged. */
class Path {
  readonly cubic = new LossBased(new CubicGrowth(), RTT);
  now = 0;
  #round = 0;
  #sent = 0;

  /** One report about so many segments, in the middle of a round. */
  report(change: Partial<AckSample> = {}): void {
    this.#sent += 1;
    this.cubic.onAck({
      now: this.now,
      rtt: RTT,
      leastRtt: RTT,
      smoothedRtt: RTT,
      round: this.#round,
      roundStart: false,
      acked: 1,
      lost: 0,
      refused: 0,
      priorInFlight: this.cubic.window,
      inFlight: this.cubic.window,
      highest: this.#sent - 1,
      total: this.#sent,
      newestSent: this.#sent - 1 + Math.floor(this.cubic.window),
      segments: 1,
      arrived: 1,
      interval: 1,
      rateIsValid: true,
      appLimited: false,
      ...change,
    });
  }

  /** A round trip in which everything is acknowledged. */
  round(change: Partial<AckSample> = {}): void {
    const reports = Math.floor(this.cubic.window);
    this.#round++;
    for (let i = 0; i < reports; i++) {
      this.report({ roundStart: i === 0, ...change });
      this.now += RTT / reports;
    }
  }

  /** Grows in slow start to a window, and loses one segment there. */
  reach(window: number): void {
    while (this.cubic.window < window) this.report({ acked: window - this.cubic.window });
    this.report({ lost: 1, acked: 0 });
    this.now += RTT;
    this.#sent += 2 * window;
  }
}

function near(actual: number, expected: number, part: number): void {
  assert.ok(Math.abs(actual - expected) <= part * expected, `${actual} is not near ${expected}`);
}

test("Cubic starts with a window of 16, and doubles it each round trip in slow start", () => {
  const path = new Path();
  assert.equal(path.cubic.window, 16);
  for (const window of [32, 64, 128, 256]) {
    path.round();
    assert.equal(path.cubic.window, window);
  }
});

test("Cubic does not grow while the application does not fill the window", () => {
  const path = new Path();
  for (let i = 0; i < 100; i++) path.report({ priorInFlight: 0.79 * 16 });
  assert.equal(path.cubic.window, 16);
});

test("Cubic shrinks to 0.7 once a round trip in which anything was lost", () => {
  const path = new Path();
  path.round();
  path.round();
  const newestSent = 1_000;
  path.report({ lost: 5, highest: 100, newestSent });
  assert.equal(path.cubic.window, 64 * BETA);
  path.report({ lost: 5, acked: 0, highest: 500, newestSent: 2_000 });
  path.report({ lost: 5, acked: 0, highest: newestSent, newestSent: 2_000 });
  assert.equal(path.cubic.window, 64 * BETA);
  path.report({ lost: 1, highest: newestSent + 1, newestSent: 2_000 });
  assert.ok(path.cubic.window < 64 * BETA * BETA + 1e-9);
});

test("Cubic takes the reduction back when the loss proves to have been none", () => {
  const path = new Path();
  path.round();
  path.report({ lost: 1 });
  path.cubic.onSpuriousLoss();
  assert.equal(path.cubic.window, 32);
  path.report({ acked: 5 });
  assert.equal(path.cubic.window, 37);
  path.cubic.onSpuriousLoss();
  assert.equal(path.cubic.window, 37);
});

test("Cubic grows with the cube of the time since the last loss, as RFC 9438 says", () => {
  const path = new Path();
  const most = 1_000;
  path.reach(most);
  near(path.cubic.window, most * BETA, 1e-9);
  const start = path.now;
  const timeToMost = Math.cbrt(most * (1 - BETA) / C);
  for (let i = 0; i < 140; i++) {
    path.round();
    const seconds = (path.now - start) / 1_000;
    near(path.cubic.window, C * (seconds - timeToMost) ** 3 + most, 0.01);
  }
  assert.ok(path.cubic.window > 1.03 * most);
});

test("Cubic grows as Reno would where that is faster", () => {
  const path = new Path();
  path.reach(20);
  const start = path.cubic.window;
  for (let i = 0; i < 20; i++) path.round();
  const alpha = 3 * (1 - BETA) / (1 + BETA);
  near(path.cubic.window, start + 20 * alpha, 0.05);
});

test("Cubic makes room when it loses below the old maximum", () => {
  const path = new Path();
  path.reach(1_000);
  path.round();
  const before = path.cubic.window;
  path.report({ lost: 1, acked: 0, highest: 1e6, newestSent: 1e6 });
  assert.equal(path.cubic.window, before * BETA);
  // The plateau now lies below the window of the loss, at (1 + 0.7) / 2 of it.
  const plateau = before * (1 + BETA) / 2;
  const time = Math.cbrt((plateau - before * BETA) / C);
  for (let i = 0; i < time * 10; i++) path.round();
  near(path.cubic.window, plateau, 0.01);
});

test("Cubic leaves slow start when the round trip rises by an eighth, 4 ms at least and 16 at most", () => {
  for (const [least, rise] of [[20, 4], [80, 10], [400, 16]] as const) {
    for (const [more, doubles] of [[0.1, false], [-0.1, true]] as const) {
      const path = new Path();
      const rtt = least + rise + more;
      path.round({ leastRtt: least, rtt: least });
      path.round({ leastRtt: least, rtt });
      path.round({ leastRtt: least, rtt });
      const before = path.cubic.window;
      path.round({ leastRtt: least, rtt });
      assert.equal(path.cubic.window === 2 * before, doubles, `${rtt} after ${least}`);
    }
  }
});

test("Cubic paces two windows a round trip in slow start, and 1.2 after it", () => {
  const path = new Path();
  near(path.cubic.pacingRate, 2 * 16 / RTT, 1e-9);
  path.round();
  near(path.cubic.pacingRate, 2 * 32 / RTT, 1e-9);
  path.report({ lost: 1 });
  near(path.cubic.pacingRate, 1.2 * 32 * BETA / RTT, 1e-9);
  path.report({ smoothedRtt: 0, acked: 0 });
  assert.ok(path.cubic.pacingRate < Infinity);
});

test("onTimeout() starts again with 4 segments, in slow start up to 0.7 of the window", () => {
  const path = new Path();
  for (let i = 0; i < 3; i++) path.round();
  path.cubic.onTimeout();
  assert.equal(path.cubic.window, 4);
  for (const window of [8, 16, 32, 64]) {
    path.round();
    assert.equal(path.cubic.window, window);
  }
  for (let i = 0; i < 3; i++) path.round();
  assert.ok(path.cubic.window < 100, `${path.cubic.window}`);
});

test("Cubic keeps its window between 4 and 32,768 and its rate finite, whatever it is told", () => {
  const sample = fc.record({
    acked: fc.nat(40_000),
    lost: fc.nat(3),
    rtt: fc.nat(5_000),
    smoothedRtt: fc.double({ min: 0, max: 5_000, noNaN: true }),
    leastRtt: fc.double({ min: 0, max: 5_000, noNaN: true }),
    roundStart: fc.boolean(),
    highest: fc.nat(10_000),
    gap: fc.nat(100_000),
    event: fc.constantFrom("", "", "", "timeout", "spurious"),
  });
  fc.assert(fc.property(fc.array(sample, { maxLength: 100 }), (samples) => {
    const path = new Path();
    for (const { gap, event, ...change } of samples) {
      path.now += gap;
      path.report(change);
      if (event === "timeout") path.cubic.onTimeout();
      if (event === "spurious") path.cubic.onSpuriousLoss();
      const { window, pacingRate } = path.cubic;
      assert.ok(window >= 4 && window <= 32_768, `${window}`);
      assert.ok(pacingRate > 0 && pacingRate < Infinity, `${pacingRate}`);
    }
  }));
});
