import { test } from "node:test";
import assert from "node:assert/strict";
import { SourceRates } from "../../src/net/source_rates.ts";

const KEY = new Uint8Array(32).fill(7);

/** How often a source is served that asks every so many ms. */
function served(rates: SourceRates, hostname: string, from: number, until: number, every: number) {
  let count = 0;
  for (let now = from; now < until; now += every) {
    if (rates.isExhausted(hostname, now)) continue;
    rates.onServed(hostname, now);
    count++;
  }
  return count;
}

test("a source is served 20 times at once, and 80 times a second", () => {
  const rates = new SourceRates(KEY);
  assert.equal(served(rates, "192.0.2.1", 0, 1, 0.01), 20);
  const count = served(rates, "192.0.2.1", 1, 10_001, 0.1);
  assert.ok(count >= 799 && count <= 801, `${count}`);
  assert.equal(served(rates, "192.0.2.1", 20_000, 20_001, 0.01), 20, "after a rest");
});

test("sources are IPv4 addresses, and IPv6 networks of /64 however they are written", () => {
  const rates = new SourceRates(KEY);
  served(rates, "192.0.2.1", 0, 1, 0.01);
  served(rates, "2001:db8::1", 0, 1, 0.01);
  for (const same of ["2001:db8::2", "2001:db8:0:0:1:2:3:4", "2001:DB8::ffff:1%eth0"]) {
    assert.equal(rates.isExhausted(same, 1), true, same);
  }
  for (const other of ["192.0.2.2", "192.0.20.1", "2001:db8:0:1::1", "2001:db9::1", "::1"]) {
    assert.equal(rates.isExhausted(other, 1), false, other);
  }
});

test("who was served without end has waited long enough after a quarter of a second", () => {
  const rates = new SourceRates(KEY);
  for (let i = 0; i < 10_000; i++) rates.onServed("192.0.2.1", 0);
  assert.equal(rates.isExhausted("192.0.2.1", 10), true);
  assert.equal(rates.isExhausted("192.0.2.1", 250), false);
});

test("a source that was answered is known for five seconds", () => {
  const rates = new SourceRates(KEY);
  rates.onAnswered("192.0.2.1", 1_000);
  assert.equal(rates.wasAnswered("192.0.2.1", 5_999), true);
  assert.equal(rates.wasAnswered("192.0.2.1", 6_000), false);
  assert.equal(rates.wasAnswered("192.0.2.2", 1_000), false);
});

test("a source that was refused has come again when it comes 0.1 to 1.5 s later", () => {
  for (const at of [1, 30_000, 58_000]) {
    const rates = new SourceRates(KEY);
    assert.equal(rates.hasComeAgain("192.0.2.1", at), false);
    rates.onRefused("192.0.2.1", at);
    for (
      const [pause, expected] of [[0, false], [90, false], [105, true], [1_490, true]] as const
    ) {
      assert.equal(rates.hasComeAgain("192.0.2.1", at + pause), expected, `${pause} ms`);
    }
    assert.equal(rates.hasComeAgain("192.0.2.1", at + 1_600), false);
    assert.equal(rates.hasComeAgain("192.0.2.2", at + 500), false);
  }
});

test("busy sources take little from others, and from none for more than a minute", (context) => {
  const rates = new SourceRates(KEY);
  const exhaust = (now: number) => {
    for (let i = 0; i < 1_000; i++) {
      for (let j = 0; j < 25; j++) rates.onServed(`10.0.${i >>> 8}.${i & 255}`, now);
    }
  };
  const others = Array.from({ length: 2_000 }, (_, i) => `192.0.${i >>> 8}.${i & 255}`);
  const suffering = (now: number) => {
    exhaust(now);
    return new Set(others.filter((hostname) => rates.isExhausted(hostname, now)));
  };
  const [first, second] = [suffering(0), suffering(60_000)];
  context.diagnostic(`${first.size} of 2,000 beside a thousand busy ones`);
  // A thousand of 16,384 places are taken.
  assert.ok(first.size > 50 && first.size < 200, `${first.size}`);
  const both = [...first].filter((hostname) => second.has(hostname));
  assert.ok(both.length < 30, `${both.length}`);
});
