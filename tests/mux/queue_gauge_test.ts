import { test } from "node:test";
import assert from "node:assert/strict";
import { QueueGauge } from "../../src/mux/queue_gauge.ts";

const PACKET_TIME = 0.1;
const OWN_DELAY = 32;

/** One round of round trips. */
function round(gauge: QueueGauge, rtts: readonly number[], now = 0): void {
  for (const rtt of rtts) gauge.onRtt(rtt, PACKET_TIME, now);
  gauge.onRound(OWN_DELAY, now);
}

test("least is the shortest round trip", () => {
  const gauge = new QueueGauge();
  for (const rtt of [60, 50, 70]) gauge.onRtt(rtt, PACKET_TIME, 0);
  assert.equal(gauge.least, 50);
});

test("hasRange holds when round trips rose clearly above the least in the last 10 to 20 s", () => {
  const gauge = new QueueGauge();
  round(gauge, [50, 50, 50, 50]);
  assert.equal(gauge.hasRange, false);
  round(gauge, [50, 50, 50, 64]);
  assert.equal(gauge.hasRange, false);
  round(gauge, [50, 50, 50, 66]);
  assert.equal(gauge.hasRange, true);
  round(gauge, [50, 50, 50, 50], 10_001);
  assert.equal(gauge.hasRange, true);
  round(gauge, [50, 50, 50, 50], 20_002);
  assert.equal(gauge.hasRange, false);
});

test("isInLowerHalf() tells whether the queue is less than half as long as it has been", () => {
  const gauge = new QueueGauge();
  round(gauge, [50, 50, 50, 90]);
  assert.equal(gauge.isInLowerHalf(70), true);
  assert.equal(gauge.isInLowerHalf(71), false);
  gauge.onRtt(60, PACKET_TIME, 0);
  gauge.onRtt(84, PACKET_TIME, 0);
  assert.equal(gauge.isInLowerHalf(), false);
  gauge.onRtt(60, PACKET_TIME, 0);
  assert.equal(gauge.isInLowerHalf(), true);
});

test("isInLowerHalf() proves nothing while the range is unknown", () => {
  const gauge = new QueueGauge();
  round(gauge, [50, 51, 52, 53]);
  assert.equal(gauge.isInLowerHalf(50), false);
});

test("isBelowTop() tells whether the queue was never fuller than four fifths of the range", () => {
  const gauge = new QueueGauge();
  assert.equal(gauge.isBelowTop(50), false);
  round(gauge, [50, 50, 50, 100]);
  assert.equal(gauge.isBelowTop(90), true);
  assert.equal(gauge.isBelowTop(91), false);
});

test("isCrowded holds when a probe finds more than the base and the noise", () => {
  const gauge = new QueueGauge();
  round(gauge, [50, 53, 56, 65]);
  assert.equal(gauge.noise, 10);
  for (const [found, isCrowded] of [[67, false], [72, true]] as const) {
    gauge.startProbe(100);
    gauge.onRtt(found, PACKET_TIME, 6_000);
    gauge.endProbe(6_000);
    assert.equal(gauge.least, found);
    assert.equal(gauge.isCrowded, isCrowded);
  }
});

test("isStale() asks for a probe 5 s after a round trip near the least, or after four overflows", () => {
  const gauge = new QueueGauge();
  round(gauge, [50, 50, 50, 50]);
  assert.equal(gauge.isStale(500), false);
  for (let now = 0; now < 5_000; now += 100) round(gauge, [60, 60], now);
  assert.equal(gauge.isStale(5_000), false);
  assert.equal(gauge.isStale(5_001), true);
  round(gauge, [51], 5_100);
  assert.equal(gauge.isStale(5_100), false);
  for (let now = 5_100; now <= 8_100; now += 1_000) gauge.onOverflow(now);
  assert.equal(gauge.isStale(8_100), true);
});

test("noise is by how much round trips differ in any round, less the delay of acknowledgements", () => {
  const gauge = new QueueGauge();
  round(gauge, [50, 55, 60, 66]);
  assert.equal(gauge.noise, 11);
  round(gauge, [50, 55, 60, 90]);
  assert.equal(gauge.noise, 11);
  round(gauge, [60, 61, 62, 63]);
  assert.equal(gauge.noise, 0);
});

test("noise counts no round of fewer than four round trips, and is never more than half the least", () => {
  const gauge = new QueueGauge();
  round(gauge, [50, 51, 52]);
  assert.equal(gauge.noise, 0);
  round(gauge, [50, 60, 70, 120]);
  assert.equal(gauge.noise, 25);
});

test("noise forgets what was 20 rounds ago", () => {
  const gauge = new QueueGauge();
  round(gauge, [50, 50, 50, 50]);
  for (let i = 0; i < 19; i++) round(gauge, [50, 55, 60, 70]);
  assert.equal(gauge.noise, 0);
  round(gauge, [50, 55, 60, 70]);
  assert.equal(gauge.noise, 15);
});

test("leastOfRound, mostOfRound and leastOfLastRound are those of the rounds", () => {
  const gauge = new QueueGauge();
  gauge.onRtt(50, PACKET_TIME, 0);
  gauge.onRtt(70, PACKET_TIME, 0);
  assert.deepEqual([gauge.leastOfRound, gauge.mostOfRound], [50, 70]);
  gauge.onRound(OWN_DELAY, 0);
  assert.deepEqual([gauge.leastOfRound, gauge.mostOfRound], [Infinity, 0]);
  assert.equal(gauge.leastOfLastRound, 50);
});
