import { test } from "node:test";
import assert from "node:assert/strict";
import { type MeasuredSession, RateMeter } from "../../src/net/rate_meter.ts";

/** A session that has sent, been told of, and received so much. */
function session(): {
  counts: { -readonly [K in keyof MeasuredSession["counts"]]: MeasuredSession["counts"][K] };
  toldTotal: number;
} {
  return {
    counts: {
      framesSent: 0,
      paritySent: 0,
      framesReceived: 0,
      bytesSent: 0,
      bytesReceived: 0,
      framesMalformed: 0,
      frameDrops: { undecodable: 0, frameNumber: 0, counters: 0, parity: 0, shard: 0 },
      replayed: 0,
      recovered: 0,
      receiveLoss: 0,
      sendLoss: undefined,
    },
    toldTotal: 0,
  };
}

test("RateMeter counts what came, and of what went the frames that the other end has", () => {
  const meter = new RateMeter();
  const machine = session();
  meter.look(machine, 0);
  assert.equal(meter.rateSince(0), undefined);
  machine.counts.bytesReceived = 25_000;
  machine.counts.framesSent = 90;
  machine.counts.paritySent = 10;
  machine.counts.bytesSent = 100_000;
  machine.toldTotal = 50;
  meter.look(machine, 1_000);
  // 25,000 bytes came, and 50 of 100 packets of 1,000 bytes arrived.
  assert.equal(meter.rateSince(0), 0.6);
  assert.equal(meter.rateSince(500), undefined);
  meter.look(machine, 2_000);
  assert.equal(meter.rateSince(1_000), 0);
  assert.equal(meter.rateSince(0), 0.3);
});

test("RateMeter begins anew with another session, and forgets what is long ago", () => {
  const meter = new RateMeter();
  const machine = session();
  for (let at = 0; at <= 100; at++) {
    machine.counts.bytesReceived = 1_000 * at;
    meter.look(machine, 100 * at);
  }
  assert.ok(Math.abs((meter.rateSince(0) ?? 0) - 0.08) < 1e-9);
  meter.look(session(), 10_100);
  assert.equal(meter.rateSince(0), undefined);
});
