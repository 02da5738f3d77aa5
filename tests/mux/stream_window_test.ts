import { test } from "node:test";
import assert from "node:assert/strict";
import type { AckSample } from "../../src/mux/congestion.ts";
import { StreamWindow } from "../../src/mux/stream_window.ts";

/** A pipe that takes so many packets a ms, and has a round trip; what is too much waits before it. */
interface Pipe {
  readonly rate: number;
  readonly rtt: number;
  /** It stands still for so long, ms, once in each period of so long. */
  readonly stall?: { readonly length: number; readonly period: number };
}

/** What a filled pipe came to. */
interface Course {
  /** Packets a ms, after the first second. */
  readonly goodput: number;
  readonly window: number;
  /** The longest round trip of the last second. */
  readonly mostRtt: number;
}

/** Keeps as much under way as the window lets, with a report of each ms in which anything arrives. */
function fill(control: StreamWindow, pipe: Pipe, seconds: number, from = 0): Course {
  const until = from + 1_000 * seconds;
  const sentAt: number[] = [];
  const arriving: { readonly at: number; readonly count: number }[] = [];
  let [sent, passed, acked, late, mostRtt, credit] = [0, 0, 0, 0, 0, 0];
  for (let now = from; now < until; now++) {
    for (; sent - acked < Math.floor(control.window); sent++) sentAt.push(now);
    const { length, period } = pipe.stall ?? { length: 0, period: Infinity };
    const phase = now % period;
    if (period === Infinity || phase >= length) {
      credit = Math.min(credit + pipe.rate, sent - passed);
      // What was held back comes at once.
      if (period !== Infinity && phase === length) credit += pipe.rate * length;
      const count = Math.min(Math.floor(credit), sent - passed);
      credit -= count;
      passed += count;
      if (count > 0) arriving.push({ at: now + pipe.rtt, count });
    }
    while (arriving.length > 0 && arriving[0]!.at <= now) {
      const { count } = arriving.shift()!;
      const priorInFlight = sent - acked;
      acked += count;
      if (now >= from + 1_000) late += count;
      const rtt = now - sentAt[acked - 1]!;
      if (now > until - 1_000) mostRtt = Math.max(mostRtt, rtt);
      control.onAck(sample({ now, rtt, acked: count, priorInFlight }));
    }
  }
  return { goodput: late / (until - from - 1_000), window: control.window, mostRtt };
}

function sample(
  about: Partial<AckSample> & { readonly now: number; readonly rtt: number },
): AckSample {
  return {
    leastRtt: about.rtt,
    smoothedRtt: about.rtt,
    round: 0,
    roundStart: false,
    acked: 1,
    lost: 0,
    refused: 0,
    priorInFlight: 100,
    inFlight: 100,
    highest: 0,
    total: 0,
    newestSent: 0,
    segments: 0,
    arrived: 0,
    interval: 1,
    rateIsValid: false,
    appLimited: false,
    ...about,
  };
}

test("StreamWindow fills a pipe, and keeps no more in a queue than the room", () => {
  for (const pipe of [{ rate: 8, rtt: 50 }, { rate: 0.5, rtt: 20 }, { rate: 40, rtt: 5 }]) {
    const { goodput, mostRtt } = fill(new StreamWindow(), pipe, 12);
    assert.ok(goodput > 0.95 * pipe.rate, `${goodput} of ${pipe.rate}`);
    assert.ok(mostRtt < 1.7 * pipe.rtt + 32 + 40, `${mostRtt} with ${pipe.rtt}`);
  }
});

test("StreamWindow keeps a pipe full that stands still now and then", () => {
  const pipe = { rate: 8, rtt: 50, stall: { length: 100, period: 400 } };
  const { goodput } = fill(new StreamWindow(), pipe, 12);
  assert.ok(goodput > 0.9 * pipe.rate, String(goodput));
});

test("StreamWindow makes up for no longer silence than its bound", () => {
  const pipe = { rate: 8, rtt: 50, stall: { length: 900, period: 1_000 } };
  const { window } = fill(new StreamWindow(), pipe, 12);
  // A measure of the rate that holds what came at once is up to four times too high.
  assert.ok(window < 4.5 * 8 * (50 + 32 + 150), String(window));
});

test("StreamWindow forgets what was, and follows a pipe that becomes slower", () => {
  const control = new StreamWindow();
  const { window } = fill(control, { rate: 8, rtt: 50 }, 8);
  const slower = fill(control, { rate: 1, rtt: 50 }, 16, 8_000);
  assert.ok(slower.window < window / 4, `${window} became ${slower.window}`);
  assert.ok(slower.mostRtt < 200, String(slower.mostRtt));
});

test("StreamWindow takes no loss as congestion, and paces nothing", () => {
  const control = new StreamWindow();
  fill(control, { rate: 8, rtt: 50 }, 5);
  const { window } = control;
  control.onTimeout();
  control.onSpuriousLoss();
  assert.equal(control.window, window);
  assert.ok(control.pacingRate >= 1_000);
});

test("StreamWindow never lets fewer than 32 packets go, nor more than the ledger holds", () => {
  for (const [given, expected] of [[undefined, 32], [4, 32], [100, 100], [1e9, 512]] as const) {
    assert.equal(new StreamWindow(given).window, expected);
  }
  const control = new StreamWindow();
  fill(control, { rate: 0.01, rtt: 1 }, 20);
  assert.equal(control.window, 32);
  control.onAck(sample({ now: 30_000, rtt: 1, acked: 1e9 }));
  control.onAck(sample({ now: 30_300, rtt: 1, acked: 1e9 }));
  assert.equal(control.window, 32_768);
});
