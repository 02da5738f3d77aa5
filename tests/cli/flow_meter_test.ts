import assert from "node:assert/strict";
import { test } from "node:test";
import { FlowMeter } from "../../src/cli/flow_meter.ts";

/** Ten seconds of 100 packets a second, of which the first five lose every second one. */
function meterOfTenSeconds(): FlowMeter {
  const meter = new FlowMeter("plain UDP");
  for (let second = 0; second <= 10; second++) {
    const lost = Math.min(second, 5) * 50;
    meter.note(7_000 + second * 1000, {
      packetsSent: second * 100,
      packetsLost: lost,
      bytes: second * 125_000,
      settled: second * 100,
      lost,
      delay: 30 + second,
    });
  }
  return meter;
}

test("FlowMeter.latest is the last three seconds", () => {
  const { wireLoss, messages, lost, rate, delay } = meterOfTenSeconds().latest;
  assert.deepEqual({ wireLoss, messages, lost, rate, delay }, {
    wireLoss: 0,
    messages: 300,
    lost: 0,
    rate: 1,
    delay: 40,
  });
});

test("FlowMeter.total is all the time", () => {
  const { name, wireLoss, messages, lost, rate } = meterOfTenSeconds().total;
  assert.deepEqual({ name, wireLoss, messages, lost, rate }, {
    name: "plain UDP",
    wireLoss: 0.25,
    messages: 1000,
    lost: 250,
    rate: 1,
  });
});

test("FlowMeter counts no time for the rate in which nothing was sent at the end", () => {
  const meter = new FlowMeter("sosistab");
  const reading = { packetsLost: 0, settled: 0, lost: 0, delay: 0 };
  meter.note(0, { ...reading, packetsSent: 0, bytes: 0 });
  meter.note(1000, { ...reading, packetsSent: 10, bytes: 125_000 });
  meter.note(2000, { ...reading, packetsSent: 10, bytes: 125_000 });
  assert.equal(meter.total.rate, 1);
});

test("FlowMeter knows nothing before its first reading", () => {
  const { latest, total } = new FlowMeter("sosistab");
  assert.deepEqual(latest, total);
  assert.deepEqual(latest, {
    name: "sosistab",
    wireLoss: undefined,
    messages: 0,
    lost: 0,
    delay: 0,
    rate: 0,
    fates: "",
  });
});

test("FlowMeter keeps the last fates, and no more than a strip can show", () => {
  const meter = new FlowMeter("sosistab");
  for (let i = 0; i < 100; i++) meter.addFates("aaaarl");
  const { fates } = meter.latest;
  assert.ok(fates.length >= 64 && fates.length <= 1000);
  assert.ok(fates.endsWith("aarl"));
});
