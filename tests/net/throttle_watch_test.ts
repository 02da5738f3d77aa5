import { test } from "node:test";
import assert from "node:assert/strict";
import { ThrottleWatch, type UdpState } from "../../src/net/throttle_watch.ts";

const FREE: Omit<UdpState, "now"> = { rate: 20, loss: 0, rtt: 30, leastRtt: 30 };

/** Looks every 250 ms until there is a suspicion; tells how long it took, ms. */
function suspectsAfter(
  watch: ThrottleWatch,
  state: Partial<UdpState>,
  from: number,
  limit = 5_000,
): number | undefined {
  for (let now = from; now <= from + limit; now += 250) {
    if (watch.suspects({ ...FREE, ...state, now })) return now - from;
  }
  return undefined;
}

function warm(): ThrottleWatch {
  const watch = new ThrottleWatch();
  assert.equal(suspectsAfter(watch, {}, 0), undefined);
  return watch;
}

test("ThrottleWatch suspects a fall below half, on a path that is loaded, within a second", () => {
  assert.equal(suspectsAfter(warm(), { rate: 9, loss: 0.06 }, 6_000), 500);
  assert.equal(suspectsAfter(warm(), { rate: 9, rtt: 60 }, 6_000), 500);
  assert.equal(suspectsAfter(warm(), { rate: 9 }, 6_000), undefined);
  assert.equal(suspectsAfter(warm(), { rate: 11, loss: 0.06 }, 6_000), undefined);
  assert.equal(suspectsAfter(warm(), { rate: 0.01, loss: 0.06 }, 6_000), undefined);
});

test("ThrottleWatch suspects what is slow from the start, and heavy loss, after two seconds", () => {
  assert.equal(suspectsAfter(new ThrottleWatch(), { rate: 2, rtt: 60 }, 0), 2_000);
  assert.equal(suspectsAfter(new ThrottleWatch(), { rate: 2 }, 0), undefined);
  assert.equal(suspectsAfter(new ThrottleWatch(), { rate: 8, rtt: 60 }, 0), undefined);
  assert.equal(suspectsAfter(new ThrottleWatch(), { rate: 8, loss: 0.34 }, 0), 2_000);
  assert.equal(suspectsAfter(new ThrottleWatch(), { rate: 8, loss: 0.3 }, 0), undefined);
});

test("ThrottleWatch waits a minute after a trial in vain, then three, then nine", () => {
  const watch = new ThrottleWatch();
  const slow = { rate: 2, rtt: 60 };
  let now = suspectsAfter(watch, slow, 0) ?? NaN;
  for (const wait of [60_000, 180_000, 540_000, 600_000, 600_000]) {
    watch.onTriedInVain(2, 1, now);
    const waited = suspectsAfter(watch, slow, now + 250, 700_000);
    assert.equal(waited, wait - 250);
    now += wait;
  }
});

test("ThrottleWatch suspects anew after ten seconds when less than half of it is left", () => {
  const watch = warm();
  suspectsAfter(watch, { rate: 2, loss: 0.1 }, 6_000);
  watch.onTriedInVain(2, 1, 6_500);
  assert.equal(suspectsAfter(watch, { rate: 2, loss: 0.1 }, 7_000, 20_000), undefined);
  assert.equal(suspectsAfter(watch, { rate: 0.9, loss: 0.1 }, 10_000, 20_000), 6_500);
});

test("ThrottleWatch knows what was usual over TCP when UDP is used again", () => {
  const watch = new ThrottleWatch();
  watch.onUdpUsed(20);
  assert.equal(suspectsAfter(watch, { rate: 9, loss: 0.06 }, 0), 500);
});

test("ThrottleWatch wants to know the round trip at once after a fall, and seldom where little arrives", () => {
  const watch = warm();
  assert.equal(watch.patience(20), Infinity);
  assert.equal(watch.patience(9), 0);
  assert.equal(new ThrottleWatch().patience(2), 1_000);
  assert.equal(new ThrottleWatch().patience(0), Infinity);
});
