import { test } from "node:test";
import assert from "node:assert/strict";
import { QueueGauge } from "../../src/mux/queue_gauge.ts";

const PACKET_TIME = 0.1;

/** One round of round trips. */
function round(gauge: QueueGauge, rtts: readonly number[], now = 0): void {
  for (const rtt of rtts) gauge.onRtt(rtt, PACKET_TIME, now);
  gauge.onRound();
}

test("least is the shortest round trip", () => {
  const gauge = new QueueGauge();
  for (const rtt of [60, 50, 70]) gauge.onRtt(rtt, PACKET_TIME, 0);
  assert.equal(gauge.least, 50);
});

test("isStale() asks for a probe after 5 s without a round trip near the least", () => {
  const gauge = new QueueGauge();
  gauge.onRtt(100, PACKET_TIME, 0);
  assert.equal(gauge.isStale(5_000), false);
  assert.equal(gauge.isStale(5_001), true);
  gauge.onRtt(104, PACKET_TIME, 5_001);
  assert.equal(gauge.isStale(5_001), false);
  assert.equal(gauge.least, 100);
  gauge.onRtt(106, PACKET_TIME, 10_100);
  assert.equal(gauge.isStale(10_100), true);
});

test("isStale() takes one packet's time on a slow link for no queue", () => {
  const gauge = new QueueGauge();
  gauge.onRtt(50, 6, 0);
  gauge.onRtt(56, 6, 6_000);
  assert.equal(gauge.isStale(6_000), false);
  gauge.onRtt(57, 6, 12_000);
  assert.equal(gauge.isStale(12_000), true);
});

test("startProbe() gives up what was known, so that a longer route is found", () => {
  const gauge = new QueueGauge();
  gauge.onRtt(50, PACKET_TIME, 0);
  gauge.startProbe(120);
  gauge.onRtt(90, PACKET_TIME, 6_000);
  gauge.onRtt(95, PACKET_TIME, 6_100);
  gauge.endProbe(6_200);
  assert.equal(gauge.least, 90);
  assert.equal(gauge.isStale(11_200), false);
  assert.equal(gauge.isStale(11_201), true);
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

test("base follows a longer route slowly: a tenth of the difference with each probe", () => {
  const gauge = new QueueGauge();
  round(gauge, [50, 50, 50, 50]);
  round(gauge, [50, 50, 50, 150]);
  assert.equal(gauge.isInLowerHalf(100), true);
  gauge.startProbe(150);
  gauge.endProbe(6_000);
  assert.equal(gauge.isInLowerHalf(105), true);
  assert.equal(gauge.isInLowerHalf(106), false);
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
  gauge.onRound();
  assert.deepEqual([gauge.leastOfRound, gauge.mostOfRound], [Infinity, 0]);
  assert.equal(gauge.leastOfLastRound, 50);
});
