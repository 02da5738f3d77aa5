/**
 * Lift on a made-up path: the rows of `bench/congestion.md` are its real test.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { AckSample } from "../../src/mux/congestion.ts";
import { Lift } from "../../src/mux/lift.ts";
import { Random } from "../../src/random.ts";
import { ackSample } from "../support/ack_sample.ts";
import { MuxPair } from "../support/mux_pair.ts";
import { seededSource } from "../support/seeded_random.ts";
import { startExchange } from "../support/stream_traffic.ts";

const RTT = 50;
const STEP = 5;

function newLift(): Lift {
  return new Lift(RTT, new Random(seededSource(1)));
}

/** A path of 50 ms that takes so many packets a ms, behind a queue that never ends. */
class Path {
  readonly lift = newLift();
  now = 0;
  loss = 0;
  rate: number;
  sent = 0;
  #arrived = 0;
  #passed = 0;
  #round = 0;
  #roundEndsAt = RTT;
  readonly rates: number[] = [];
  readonly #reports: { at: number; passed: number; rtt: number }[] = [];

  constructor(rate: number) {
    this.rate = rate;
  }

  /** Packets waiting. */
  get queue(): number {
    return Math.max(0, this.sent - this.#passed);
  }

  run(duration: number, change: Partial<AckSample> = {}): void {
    for (const until = this.now + duration; this.now < until;) this.#step(change);
  }

  /** The windows in the time to come. */
  windows(duration: number, change: Partial<AckSample>): number[] {
    const windows: number[] = [];
    for (const until = this.now + duration; this.now < until;) {
      this.#step(change);
      windows.push(this.lift.window);
    }
    return windows;
  }

  #step(change: Partial<AckSample>): void {
    const { lift } = this;
    const reported = this.#reports.findLast(({ at }) => at <= this.now)?.passed ?? 0;
    const room = Math.max(0, lift.window - (this.sent - reported));
    const sent = Math.min(room, lift.pacingRate * STEP);
    this.sent += sent;
    this.rates.push(sent / STEP);
    const passed = Math.min(this.rate * STEP, this.queue);
    this.#passed += passed;
    const rtt = RTT + this.queue / this.rate;
    this.#reports.push({ at: this.now + rtt, passed: this.#passed, rtt });
    this.now += STEP;
    const roundStart = this.now >= this.#roundEndsAt;
    if (roundStart) {
      this.#round++;
      this.#roundEndsAt = this.now + rtt;
    }
    if (passed === 0) return;
    this.#arrived += passed * (1 - this.loss);
    lift.onAck(ackSample({
      now: this.now,
      rtt,
      round: this.#round,
      roundStart,
      priorInFlight: this.sent - reported,
      inFlight: this.sent - reported,
      highest: this.#passed,
      total: this.#arrived,
      newestSent: this.sent,
      segments: passed * 10,
      arrived: passed * 10 * (1 - this.loss),
      interval: STEP * 10,
      ...change,
    }));
  }
}

test("Lift starts with a window of 16, at two of them a round trip", () => {
  const lift = newLift();
  assert.equal(lift.name, "lift");
  assert.deepEqual([lift.window, lift.pacingRate], [16, 2 * 16 / RTT]);
});

test("Lift sends at the rate of the path, in phases around it", () => {
  const path = new Path(8);
  path.run(2_000);
  path.rates.length = 0;
  path.run(4_000);
  const mean = path.rates.reduce((a, b) => a + b, 0) / path.rates.length;
  assert.ok(mean > 7.6 && mean < 8.1, `${mean}`);
  assert.ok(Math.max(...path.rates) > 9.9 && Math.min(...path.rates) < 6.1);
});

test("Lift keeps no more in flight than the path holds, 32 ms of the rate, the noise, and a few packets", () => {
  const path = new Path(8);
  path.run(3_000);
  assert.ok(path.lift.window <= 8 * (RTT + 32 + 5) + 16, `${path.lift.window}`);
});

test("Lift raises the window too when it looks for more, but not behind a queue that is long already", () => {
  for (const [queue, gain] of [[0, 1.25], [30, 1.25], [60, 1]] as const) {
    const path = new Path(8);
    path.run(3_000);
    const windows = path.windows(600, { rtt: RTT + queue });
    const usual = windows.toSorted((a, b) => a - b)[windows.length / 2] ?? NaN;
    const growth = Math.max(...windows) / usual;
    assert.ok(Math.abs(growth - gain) < 0.02, `behind ${queue} ms: ${growth}`);
    assert.ok(path.rates.slice(-120).some((rate) => rate > 9.9), "it looked for more");
  }
});

test("Lift takes no loss off the rate that the path itself loses", () => {
  const path = new Path(8);
  path.run(3_000);
  path.loss = 0.15;
  path.run(1_000);
  const { pacingRate } = path.lift;
  assert.ok(pacingRate > 5.9 && pacingRate < 10.1, `${pacingRate}`);
  path.rates.length = 0;
  path.run(4_000);
  const mean = path.rates.reduce((a, b) => a + b, 0) / path.rates.length;
  assert.ok(mean > 7.5, `${mean}`);
});

test("L8: Lift follows a path that becomes slower within ten round trips", () => {
  const path = new Path(8);
  path.run(3_000);
  path.rate = 4;
  path.run(1_000);
  path.rates.length = 0;
  path.run(1_000);
  const mean = path.rates.reduce((a, b) => a + b, 0) / path.rates.length;
  assert.ok(mean < 4.4, `${mean}`);
});

test("Lift sends little for a moment when no short round trip was seen for 5 s", () => {
  const path = new Path(8);
  path.run(3_000, { rtt: RTT });
  const windows: number[] = [];
  for (let i = 0; i < 1_200; i++) {
    path.run(STEP, { rtt: RTT + 10 });
    windows.push(path.lift.window);
  }
  assert.ok(Math.min(...windows) < 8 * 70 * 0.3, `${Math.min(...windows)}`);
  assert.ok(windows.at(-1)! > 8 * RTT);
});

test("Lift slows down for a reader that refuses segments, and is back when it refuses none", () => {
  const path = new Path(8);
  path.run(3_000);
  path.run(4 * STEP, { refused: 5 });
  assert.ok(path.lift.pacingRate < 4.2, `${path.lift.pacingRate}`);
  path.run(6_000);
  assert.ok(path.lift.pacingRate > 5.9, `${path.lift.pacingRate}`);
});

test("onTimeout() leaves a window of 4, which grows again with what is reported", () => {
  const path = new Path(8);
  path.run(3_000);
  path.lift.onTimeout();
  assert.equal(path.lift.window, 4);
  path.run(1_000);
  assert.ok(path.lift.window > 8 * RTT);
});

test("onSpuriousLoss() changes nothing", () => {
  const lift = newLift();
  lift.onSpuriousLoss();
  assert.equal(lift.window, 16);
});

test("Lift fills a link that loses 10 % both ways, and keeps its queue short", () => {
  const link = { delay: 25, rate: 8, queue: 200, loss: 0.1 };
  const pair = new MuxPair({ link });
  const exchange = startExchange(pair, 1, 1e9, 0);
  pair.run(3_000);
  const before = exchange.readers[1]!.bytes;
  pair.up.resetCounts();
  pair.run(10_000);
  const share = (exchange.readers[1]!.bytes - before) * 8 / 10_000 / 1_000 / (8 * 0.9);
  assert.ok(share > 0.9, `${share}`);
  assert.ok(pair.up.waits.percentile(0.95) < 50);
  assert.equal(pair.up.counts.overflowed, 0);
});

test("Lift drops little of what it sends over a link that loses nothing", () => {
  const pair = new MuxPair({ link: { delay: 25, rate: 8, queue: 40 } });
  startExchange(pair, 1, 1e9, 0);
  pair.run(8_000);
  const { overflowed, sent } = pair.up.counts;
  assert.ok(overflowed < 0.02 * sent, `${overflowed} of ${sent}`);
});
