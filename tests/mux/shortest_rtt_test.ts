import { test } from "node:test";
import assert from "node:assert/strict";
import { ShortestRtt } from "../../src/mux/shortest_rtt.ts";

const PACKET_TIME = 0.1;
const NOISE = 1;
const OWN_DELAY = 32;

/** Round trips, each a round of its own. */
function measure(shortest: ShortestRtt, rtts: readonly number[], now: number, noise = NOISE): void {
  for (const rtt of rtts) {
    shortest.onRtt(rtt, PACKET_TIME, noise, now);
    shortest.onRound(rtt, OWN_DELAY, now);
  }
}

function probe(shortest: ShortestRtt, rtts: readonly number[], now: number): void {
  shortest.startProbe(1_000);
  measure(shortest, rtts, now);
  shortest.endProbe(now);
}

/** A path of 50 ms. */
function known(): ShortestRtt {
  const shortest = new ShortestRtt();
  measure(shortest, [50], 0);
  return shortest;
}

test("least and base are the shortest round trip", () => {
  const shortest = new ShortestRtt();
  measure(shortest, [60, 50, 70], 0);
  assert.deepEqual([shortest.least, shortest.base], [50, 50]);
});

test("isStale() asks for a probe after 5 s without a round trip within 5 % of the least", () => {
  const shortest = new ShortestRtt();
  measure(shortest, [100], 0);
  for (let now = 0; now <= 5_000; now += 100) measure(shortest, [106], now);
  assert.equal(shortest.isStale(5_000), false);
  assert.equal(shortest.isStale(5_001), true);
  measure(shortest, [104], 5_001);
  assert.equal(shortest.isStale(5_001), false);
  assert.equal(shortest.least, 100);
});

test("isStale() takes one packet's time on a slow link for no queue", () => {
  const shortest = known();
  for (const [rtt, isStale] of [[57, true], [56, false]] as const) {
    shortest.onRtt(rtt, 6, NOISE, 6_000);
    shortest.onRound(rtt, OWN_DELAY, 6_000);
    assert.equal(shortest.isStale(6_000), isStale);
  }
});

test("isStale() asks for a probe after half a second of a queue longer than half as much again as our own", () => {
  const shortest = known();
  measure(shortest, [98], 400);
  assert.equal(shortest.isStale(800), false);
  measure(shortest, [99], 900);
  assert.equal(shortest.isStale(900), false);
  measure(shortest, [99], 901);
  assert.equal(shortest.isStale(901), true);
});

test("startProbe() gives up what was known, so that a longer route is found", () => {
  const shortest = known();
  probe(shortest, [90, 95], 6_000);
  assert.deepEqual([shortest.least, shortest.base], [90, 50]);
});

test("isCrowded() holds when a probe ends above the base by a tenth, 2 ms, and the noise", () => {
  const shortest = known();
  assert.equal(shortest.isCrowded(NOISE), false);
  probe(shortest, [58], 1_000);
  assert.equal(shortest.isCrowded(NOISE), false);
  probe(shortest, [59], 2_000);
  assert.equal(shortest.isCrowded(NOISE), true);
  assert.equal(shortest.isCrowded(2), false);
});

test("isStale() believes no round trip while others hold the queue: the next probe is 5 s later", () => {
  const shortest = known();
  probe(shortest, [90], 1_000);
  for (let now = 1_000; now <= 6_100; now += 100) measure(shortest, [91], now);
  assert.equal(shortest.isStale(6_000), false);
  assert.equal(shortest.isStale(6_001), true);
});

test("base follows a longer route by a tenth of the difference, when two probes in a row agree on it", () => {
  const shortest = known();
  probe(shortest, [100], 1_000);
  assert.equal(shortest.base, 50);
  probe(shortest, [104], 2_000);
  assert.equal(shortest.base, 50 + 5.4);
  probe(shortest, [130], 3_000);
  assert.equal(shortest.base, 55.4);
});

/** So many overflows, some of them twice, a second apart. */
function overflow(shortest: ShortestRtt, count: number, from: number): number {
  let now = from;
  for (let i = 0; i < count; i++, now += 1_000) {
    measure(shortest, [shortest.least], now);
    shortest.onOverflow(now);
    shortest.onOverflow(now + 999);
  }
  return now - 1_000;
}

test("onOverflow() asks for a probe when the queue has overflowed four times and none has verified the base", () => {
  const shortest = new ShortestRtt();
  measure(shortest, [90], 0);
  assert.equal(shortest.isStale(overflow(shortest, 3, 1_000)), false);
  assert.equal(shortest.isStale(overflow(shortest, 1, 4_000)), true);
  probe(shortest, [50], 5_000);
  assert.equal(shortest.isStale(overflow(shortest, 3, 6_000)), false);
  assert.equal(shortest.isStale(overflow(shortest, 1, 9_000)), true);
});

test("onOverflow() asks for none once a probe has found the base again", () => {
  const shortest = known();
  probe(shortest, [51], 1_000);
  assert.equal(shortest.isStale(overflow(shortest, 9, 2_000)), false);
});
