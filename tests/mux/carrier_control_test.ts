import { test } from "node:test";
import assert from "node:assert/strict";
import { CarrierControl } from "../../src/mux/carrier_control.ts";
import type { AckSample, CongestionController } from "../../src/mux/congestion.ts";

/** Counts what it is told. */
class Counting implements CongestionController {
  readonly name = "counting";
  readonly window = 70;
  readonly pacingRate = 3;
  calls: string[] = [];

  onAck(): void {
    this.calls.push("ack");
  }

  onTimeout(): void {
    this.calls.push("timeout");
  }

  onSpuriousLoss(): void {
    this.calls.push("spurious");
  }
}

const SAMPLE: AckSample = {
  now: 0,
  rtt: 50,
  leastRtt: 50,
  smoothedRtt: 50,
  round: 0,
  roundStart: false,
  acked: 1,
  lost: 0,
  refused: 0,
  priorInFlight: 1,
  inFlight: 0,
  highest: 1,
  total: 1,
  newestSent: 1,
  segments: 1,
  arrived: 1,
  interval: 50,
  rateIsValid: true,
  appLimited: false,
};

test("CarrierControl tells everything to the controller for datagrams, while they carry", () => {
  const counting = new Counting();
  const control = new CarrierControl(() => false, () => counting);
  control.onAck(SAMPLE);
  control.onTimeout();
  control.onSpuriousLoss();
  assert.deepEqual(counting.calls, ["ack", "timeout", "spurious"]);
  assert.deepEqual([control.name, control.window, control.pacingRate], ["counting", 70, 3]);
});

test("CarrierControl begins anew whenever the carrier becomes another one", () => {
  let isStream = true;
  const made: Counting[] = [];
  const control = new CarrierControl(() => isStream, () => {
    made.push(new Counting());
    return made.at(-1)!;
  });
  assert.equal(control.name, "stream");
  assert.equal(made.length, 0);
  for (const expected of [1, 2]) {
    isStream = false;
    control.onAck(SAMPLE);
    assert.equal(control.name, "counting");
    assert.equal(made.length, expected);
    assert.deepEqual(made.at(-1)?.calls, ["ack"]);
    isStream = true;
    control.onAck(SAMPLE);
    assert.equal(control.name, "stream");
    assert.deepEqual(made.at(-1)?.calls, ["ack"]);
    // It goes on with what the other took, and what the acknowledgement has added.
    assert.equal(control.window, 71);
  }
});

test("CarrierControl lets a path of datagrams have none of a stream's window, from its first packet on", () => {
  let isStream = true;
  const control = new CarrierControl(() => isStream, () => new Counting());
  for (let i = 0; i < 400; i++) control.onAck(SAMPLE);
  assert.ok(control.window > 400);
  isStream = false;
  assert.deepEqual([control.name, control.window, control.pacingRate], ["counting", 70, 3]);
});
