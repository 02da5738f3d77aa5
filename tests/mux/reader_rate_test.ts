import { test } from "node:test";
import assert from "node:assert/strict";
import { ReaderRate } from "../../src/mux/reader_rate.ts";
import { ackSample } from "../support/ack_sample.ts";

test("ReaderRate is no limit before a segment was refused", () => {
  const reader = new ReaderRate();
  assert.equal(reader.onAck(ackSample({ roundStart: true }), 10), false);
  assert.equal(reader.rate, Infinity);
});

test("ReaderRate falls to 0.8 with each refusal, and grows by 5 % with each round without one", () => {
  const reader = new ReaderRate();
  const refusal = ackSample({ refused: 3 });
  assert.equal(reader.onAck(refusal, 10), true);
  assert.equal(reader.rate, 8);
  reader.onAck(refusal, 10);
  assert.equal(reader.rate, 6.4);
  reader.onAck(ackSample(), 10);
  assert.equal(reader.rate, 6.4);
  reader.onAck(ackSample({ roundStart: true }), 10);
  assert.equal(reader.rate, 6.4 * 1.05);
});

test("ReaderRate is no limit any more when it is a quarter above the path's rate", () => {
  const reader = new ReaderRate();
  reader.onAck(ackSample({ refused: 1 }), 10);
  for (let i = 0; i < 9; i++) reader.onAck(ackSample({ roundStart: true }), 10);
  assert.ok(reader.rate < 12.5);
  reader.onAck(ackSample({ roundStart: true }), 10);
  assert.equal(reader.rate, Infinity);
});

test("ReaderRate never falls below 0.05 packets a ms", () => {
  const reader = new ReaderRate();
  for (let i = 0; i < 100; i++) reader.onAck(ackSample({ refused: 1 }), 10);
  assert.equal(reader.rate, 0.05);
});
